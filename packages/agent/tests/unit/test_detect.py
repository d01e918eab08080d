"""The choice of adapter, and what every adapter owes."""

import pytest
from gururmm_agent.adapters import detect
from gururmm_agent.adapters.detect import Environment
from gururmm_agent.adapters.ports import Adapters, Unsupported
from gururmm_wire.codec import inventory_hash
from gururmm_wire.v2.names import SECTIONS


@pytest.mark.parametrize(
    ("platform", "has_proc", "choice"),
    [
        ("linux", True, "linux"),
        ("linux2", True, "linux"),
        ("linux", False, "null"),
        ("win32", False, "windows"),
        ("darwin", False, "macos"),
        ("freebsd14", True, "null"),
        ("sunos5", False, "null"),
        ("", False, "null"),
    ],
)
def test_choice(platform, has_proc, choice):
    assert detect.choose(Environment(platform, has_proc)) == choice


@pytest.fixture(params=["linux", "windows", "macos", "null"])
def adapters(request) -> Adapters:
    """Every adapter loads everywhere; what its system alone has, it says it has not."""
    return detect.load(request.param)


def test_every_adapter_collects_every_section(adapters):
    for section in SECTIONS:
        items = adapters.inventory.collect(section)
        assert items or section == "users"  # nobody may be logged in
        assert len(inventory_hash(items)) == 16
    assert adapters.inventory.hostname()
    assert adapters.inventory.smart(), "the health of a disk, or why there is none"


def test_every_adapter_counts(adapters):
    before, after = adapters.readings.counters(), adapters.readings.counters()
    assert after.at >= before.at
    assert after.cpu_total >= before.cpu_total
    assert 0 <= after.memory_used <= after.memory_total
    readings, attempts = adapters.readings.temperatures()
    assert readings or all(attempt.result for attempt in attempts)


def test_an_unknown_shell_is_refused_by_every_adapter(adapters):
    with pytest.raises(Unsupported):
        adapters.shells.arguments("perl", "/tmp/x", "", {})


@pytest.mark.parametrize("name", ["windows", "macos", "null"])
def test_terminals_are_refused_where_there_are_none(name):
    with pytest.raises(Unsupported):
        detect.load(name).terminals.open(shell="", directory="", columns=80, rows=24)
