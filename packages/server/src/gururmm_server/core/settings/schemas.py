"""What settings tell and take over REST. What may be set is made of the registry, so a component's is there, too."""

from datetime import datetime
from typing import Annotated, Any, Literal, cast

import msgspec
from pydantic import Field, GetCoreSchemaHandler, StringConstraints, create_model
from pydantic_core import CoreSchema, core_schema

from gururmm_server.core.setting import Choice, Kind, Level, Number, Settings, Text, Value
from gururmm_server.infra.shapes import Answer, Exact

Changes = dict[str, Value | None]
"""New values by key; None takes the one away that is set."""
Source = Literal["default", "platform", "partner", "site"]
_NAMES = {Level.PLATFORM: "PlatformSettingsChange", Level.PARTNER: "SettingsChange", Level.SITE: "SiteSettingsChange"}


class Setting(Answer, frozen=True, kw_only=True):
    """What one may set, what holds here, and where that comes from."""

    key: str
    group: str
    title: str
    sentence: str
    """What it does."""
    kind: Literal["number", "choice", "text"]
    unit: str | None
    least: int | None
    most: int | None
    """Of a number; of a text how long it may be."""
    choices: list[str] | None
    default: Value
    value: Value
    """What holds."""
    source: Source
    """Where it is set."""
    own: Value | None
    """What is set here, if something is."""
    inherited: Value
    """What holds where nothing is set here."""
    inherited_from: Source
    changed_at: datetime | None
    changed_by: str | None
    """Of what is set here."""
    settable: bool
    """Whether you may set it here."""
    lowering_deletes: bool
    """Whether a smaller number deletes something for good."""


class SettingsPage(Answer, frozen=True, kw_only=True):
    """All settings of the Platform, a Partner or a Site."""

    level: Level
    items: list[Setting]


class Bounds(msgspec.Struct, frozen=True):
    """What a page has to know of a kind of values."""

    kind: Literal["number", "choice", "text"]
    unit: str | None = None
    least: int | None = None
    most: int | None = None
    choices: list[str] | None = None


def bounds_of(kind: Kind) -> Bounds:
    """Returns it."""
    match kind:
        case Number():
            return Bounds("number", kind.unit, kind.least, kind.most)
        case Choice():
            return Bounds("choice", choices=list(kind.names))
        case Text():
            return Bounds("text", most=kind.longest)


class ChangesAt:
    """Makes `Changes` be read, and described, as a model of all that can be set at a level."""

    def __init__(self, settings: Settings, level: Level) -> None:
        fields: dict[str, Any] = {
            each.key: (_shape(each.kind) | None, Field(default=None, description=each.sentence))
            for each in settings.at(level)
        }
        doc = "What is left out stays as it is; null takes the value away that is set here."
        self._model = create_model(_NAMES[level], __base__=Exact, __doc__=doc, **fields)

    def __get_pydantic_core_schema__(self, _source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(
            lambda given: given.model_dump(exclude_unset=True), handler.generate_schema(self._model)
        )


def _shape(kind: Kind) -> Any:
    match kind:
        case Number():
            return Annotated[int, Field(strict=True, ge=kind.least, le=kind.most)]
        case Choice():
            return cast("Any", Literal)[kind.names]
        case Text():
            constraints = StringConstraints(
                strip_whitespace=True, min_length=1, max_length=kind.longest, pattern=r"^[^\x00-\x1f]+$"
            )
            return Annotated[str, constraints]
