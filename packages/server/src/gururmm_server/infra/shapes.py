"""The base of the shapes in the API's description."""

from pydantic import BaseModel, ConfigDict


class Exact(BaseModel):
    """A shape without further fields: what nobody declared is refused in a request and a fault in an answer."""

    model_config = ConfigDict(extra="forbid")
