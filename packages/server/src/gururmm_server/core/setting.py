"""What people may set: declared by the component that goes by it, collected in one registry.

A value is set for the whole Platform, for one Partner or for one Site. The nearest one that is set holds (`resolve`),
and where none is, the default.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from gururmm_server.core.access.permissions import Permission

Value = int | str
ValueT = TypeVar("ValueT", int, str)


class Level(StrEnum):
    """Where a value can be set, from the farthest to the nearest."""

    PLATFORM = "platform"
    PARTNER = "partner"
    SITE = "site"


EVERYWHERE: Final = frozenset(Level)
WHOLE_PARTNERS: Final = frozenset({Level.PLATFORM, Level.PARTNER})
PLATFORM_ALONE: Final = frozenset({Level.PLATFORM})


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number within bounds, which are allowed themselves. `unit` is a plural: "seconds"."""

    least: int
    most: int
    unit: str

    def takes(self, value: object) -> bool:
        """Tells whether this is such a number."""
        return type(value) is int and self.least <= value <= self.most


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several names."""

    names: tuple[str, ...]

    def takes(self, value: object) -> bool:
        """Tells whether this is one of them."""
        return isinstance(value, str) and value in self.names


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text that is not empty, without blanks around it."""

    longest: int

    def takes(self, value: object) -> bool:
        """Tells whether this is such a line."""
        return (
            isinstance(value, str)
            and value == value.strip()
            and 1 <= len(value) <= self.longest
            and all(character >= " " for character in value)
        )


Kind = Number | Choice | Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(Generic[ValueT]):
    """One thing that may be set.

    `key` is stable: rows, the API and the audit keep it. `title` names it on a page, below the heading `group`, and
    `sentence` says there what it does. `permission` is what somebody needs to set it inside a Partner.
    """

    key: str
    group: str
    title: str
    sentence: str
    kind: Kind
    default: ValueT
    levels: frozenset[Level]
    permission: Permission
    lowering_deletes: bool = False
    """A smaller number deletes something for good, so whoever sets one is asked first."""

    def __post_init__(self) -> None:
        """Raises `ValueError` for a key that is no name, a default out of bounds, or a setting of no level."""
        if not (self.key.isidentifier() and self.key.islower() and self.key.isascii() and len(self.key) <= 60):
            raise ValueError(f"{self.key!r} is no key of a setting")
        if not self.kind.takes(self.default):
            raise ValueError(f"the default of {self.key} is not within its bounds")
        if not self.levels:
            raise ValueError(f"{self.key} can be set nowhere")


@dataclass(frozen=True, slots=True)
class Effective(Generic[ValueT]):
    """The value that holds, and the level that it comes from; None: nobody set it."""

    value: ValueT
    source: Level | None


SetAt = Mapping[Level, Mapping[str, Value]]
"""The values that are set, by level and key: those on the way from the Platform to one place."""


def resolve(setting: Setting[ValueT], set_at: SetAt) -> Effective[ValueT]:
    """Returns what holds at a place. What is set but may not be, be it since another release, is passed over."""
    for level in reversed(Level):
        value: Any = set_at.get(level, {}).get(setting.key)
        if level in setting.levels and setting.kind.takes(value):
            return Effective(value, level)
    return Effective(setting.default, None)


@dataclass(frozen=True, slots=True)
class ForPartners(Generic[ValueT]):
    """What holds for each Partner: for most of them the same, and `own` for those with another value."""

    most: ValueT
    own: Mapping[UUID, ValueT]

    def of(self, tenant_id: UUID) -> ValueT:
        """Returns what holds for one of them."""
        return self.own.get(tenant_id, self.most)

    @property
    def least(self) -> ValueT:
        """Returns the lowest of all."""
        values = list(self.own.values())
        values.append(self.most)
        return min(values)


class Settings:
    """Every setting that the components and modules of this process declare."""

    def __init__(self, declared: Iterable[Setting[Any]]) -> None:
        """Collects them, in their order. Raises `ValueError` where two share a key."""
        self._by_key: dict[str, Setting[Any]] = {}
        for setting in declared:
            if setting.key in self._by_key:
                raise ValueError(f"the setting {setting.key} is declared twice")
            self._by_key[setting.key] = setting

    def all(self) -> list[Setting[Any]]:
        """Returns every setting."""
        return list(self._by_key.values())

    def at(self, level: Level) -> list[Setting[Any]]:
        """Returns those that can be set at a level."""
        return [setting for setting in self._by_key.values() if level in setting.levels]

    def get(self, key: str) -> Setting[Any]:
        """Returns the setting of a key. Raises `KeyError`."""
        return self._by_key[key]
