"""The registry: each setting fits its own bounds, and what holds is what the nearest level says."""

from collections.abc import Mapping
from typing import Annotated, Any

import pytest
from gururmm_server.core.access.permissions import Permission, Role
from gururmm_server.core.component import Component, Declared
from gururmm_server.core.setting import (
    EVERYWHERE,
    PLATFORM_ALONE,
    Choice,
    Level,
    Number,
    Setting,
    Settings,
    Text,
    Value,
    resolve,
)
from gururmm_server.core.settings.declared import TOLD_KEYS, told_at
from gururmm_server.core.settings.schemas import Changes, ChangesAt
from gururmm_wire.v2.server import Settings as Wire
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from packages.server.tests.world import DECLARED

ALL = DECLARED.settings.all()
EACH = pytest.mark.parametrize("setting", ALL, ids=lambda setting: setting.key)
WRITE = Permission("planted.write", "plant", frozenset({Role.PARTNER_ADMIN}))


def inside(setting: Setting[Any]) -> list[Value]:
    """Values that a setting takes: its corners."""
    match setting.kind:
        case Number(least=least, most=most):
            return [least, most, setting.default]
        case Choice(names=names):
            return list(names)
        case Text(longest=longest):
            return ["x", "é" * longest, "two words"]


def outside(setting: Setting[Any]) -> list[Any]:
    """Values that it refuses."""
    match setting.kind:
        case Number(least=least, most=most):
            return [least - 1, most + 1, str(least), least + 0.5, True, [], {}]
        case Choice():
            return ["", "LOUD", setting.default.lower(), 5, True, []]
        case Text(longest=longest):
            return ["", " ", "x" * (longest + 1), "a\nb", "a\x00b", 5, []]


def taken(level: Level, key: str, value: Any) -> Changes:
    """What the API makes of one value. Raises `ValidationError`."""
    found: Changes = TypeAdapter(Annotated[Changes, ChangesAt(DECLARED.settings, level)]).validate_python({key: value})
    return found


@EACH
def test_what_fits_is_taken_and_what_does_not_is_refused(setting: Setting[Any]) -> None:
    assert setting.kind.takes(setting.default)
    for level in setting.levels:
        for value in inside(setting):
            assert setting.kind.takes(value), value
            assert taken(level, setting.key, value) == {setting.key: value}
        assert taken(level, setting.key, None) == {setting.key: None}
        for value in outside(setting):
            assert not setting.kind.takes(value), value
            with pytest.raises(ValidationError):
                taken(level, setting.key, value)
    for level in set(Level) - setting.levels:
        with pytest.raises(ValidationError, match="not permitted"):
            taken(level, setting.key, setting.default)


@EACH
def test_a_setting_explains_itself(setting: Setting[Any]) -> None:
    assert setting.sentence.endswith(".")
    assert setting.title
    assert setting.group
    if isinstance(setting.kind, Number):
        assert setting.kind.unit in {"seconds", "hours", "days", "months", "percent"}


def test_agents_are_told_what_the_wire_has() -> None:
    assert told_at({}, version=0) == Wire()
    assert set(Wire.__struct_fields__) == TOLD_KEYS | {"version"}
    assert all(DECLARED.settings.get(key).levels == EVERYWHERE for key in TOLD_KEYS)


def planted(**changes: Any) -> Setting[Any]:
    fields: dict[str, Any] = {
        "key": "planted_s",
        "group": "Planted",
        "title": "Planted",
        "sentence": "Nothing.",
        "kind": Number(1, 9, "seconds"),
        "default": 5,
        "levels": EVERYWHERE,
        "permission": WRITE,
    }
    return Setting(**(fields | changes))


@pytest.mark.parametrize(
    "changes",
    [{"default": 10}, {"default": "5"}, {"key": "Planted"}, {"key": "a b"}, {"key": ""}, {"levels": frozenset()}],
)
def test_a_setting_that_makes_no_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"key|default|nowhere"):
        planted(**changes)


def test_a_component_adds_to_the_registry() -> None:
    component = Component(name="planted", permissions=(WRITE,), settings=(planted(),))
    assert Declared([component]).settings.get("planted_s") == planted()
    with pytest.raises(ValueError, match="twice"):
        Settings([planted(), planted(default=6)])
    with pytest.raises(ValueError, match=r"planted\.write"):
        Declared([Component(name="planted", settings=(planted(),))])


def naive(setting: Setting[Any], platform: Any, partner: Any, site: Any) -> tuple[Any, Level | None]:
    """What holds, said once more and otherwise."""
    value, source = setting.default, None
    for level, found in ((Level.PLATFORM, platform), (Level.PARTNER, partner), (Level.SITE, site)):
        if found is not None and level in setting.levels and 1 <= found <= 9:
            value, source = found, level
    return value, source


SOMETHING = st.none() | st.integers(-2, 12)


@given(levels=st.sets(st.sampled_from(Level), min_size=1), platform=SOMETHING, partner=SOMETHING, site=SOMETHING)
def test_the_nearest_value_that_may_be_there_holds(
    levels: set[Level], platform: int | None, partner: int | None, site: int | None
) -> None:
    setting = planted(levels=frozenset(levels))
    said = {Level.PLATFORM: platform, Level.PARTNER: partner, Level.SITE: site}
    set_at: dict[Level, Mapping[str, Value]] = {
        level: {"planted_s": value, "another_s": 7} for level, value in said.items() if value is not None
    }
    found = resolve(setting, set_at)
    assert (found.value, found.source) == naive(setting, platform, partner, site)


def test_what_is_kept_of_another_type_is_passed_over() -> None:
    found = resolve(planted(levels=PLATFORM_ALONE), {Level.PLATFORM: {"planted_s": "6"}})
    assert (found.value, found.source) == (5, None)
