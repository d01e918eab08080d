"""The bases of the shapes in the API's description."""

from functools import cache
from typing import Any, get_type_hints

import msgspec
from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler, create_model
from pydantic_core import CoreSchema


class Exact(BaseModel):
    """A shape without further fields: what nobody declared is refused in a request and a fault in an answer."""

    model_config = ConfigDict(extra="forbid")


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A shape that only goes out: a frozen struct, encoded as it is, and described as an `Exact` of the same fields."""

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Lets the API's description, and tests, see what pydantic knows of such a model."""
        return handler(_described(cls))


@cache
def _described(shape: type[Answer]) -> type[BaseModel]:
    hints = get_type_hints(shape, include_extras=True)
    fields: dict[str, Any] = {
        field.name: (hints[field.name], ... if field.required else field.default)
        for field in msgspec.structs.fields(shape)
    }
    made: type[BaseModel] = create_model(
        shape.__name__, __base__=Exact, __module__=shape.__module__, __doc__=shape.__doc__, **fields
    )
    return made
