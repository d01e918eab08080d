"""The generators: believable, the same at every start, and within the protocol's bounds."""

import pytest
from gururmm_bench.simulator import answers, readings
from gururmm_bench.simulator.inventory import SECTIONS, collect
from gururmm_bench.simulator.profile import GIB, make_profile
from gururmm_bench.simulator.shell import interpret
from gururmm_wire import codec
from gururmm_wire.v2.agent import Answer, Heartbeat, InventorySection, Metrics
from gururmm_wire.v2.limits import MAX_MESSAGE_BYTES
from gururmm_wire.v2.server import Query

MONDAY = 1_795_392_000.0  # 2026-11-23 00:00 UTC
FLEET = [make_profile(number, subnet=number % 6) for number in range(200)]


def test_a_number_is_the_same_machine_at_every_start_and_no_other():
    again = [make_profile(number, subnet=number % 6) for number in range(200)]
    assert again == FLEET
    assert make_profile(3, seed="elsewhere") != make_profile(3)
    for name in ("hostname", "serial", "machine_id"):
        assert len({getattr(profile, name) for profile in FLEET}) == len(FLEET), name
    macs = [interface.mac for profile in FLEET for interface in profile.interfaces]
    assert len(set(macs)) == len(macs)


def test_hostnames_tell_site_kind_and_number():
    profile = make_profile(41, prefix="NW")
    assert profile.hostname == f"NW-{profile.kind}-0042"


def test_a_fleet_holds_every_family_and_the_usual_trouble():
    assert {profile.os for profile in FLEET} == {"linux", "windows", "macos"}
    assert {profile.kind for profile in FLEET} == {"LAP", "DSK", "SRV"}
    first = FLEET[:25]
    assert any(used > 0.9 * total for profile in first for _, used, total in readings.disks(profile, MONDAY))
    assert any(readings.memory_used(profile, MONDAY) > 0.95 * profile.memory for profile in first)
    assert any(not profile.has_sensors for profile in first)
    assert any(profile.has_sensors for profile in first)


@pytest.mark.parametrize("hour", range(0, 168, 5))
def test_readings_stay_believable_through_a_week(hour):
    at = MONDAY + hour * 3600 + 17
    for profile in FLEET[:60]:
        sample = readings.metrics(profile, at)
        assert 0 < sample.cpu < 1000
        assert 0 < sample.memory_used < sample.memory_total == profile.memory
        assert sample.memory_total >= 4 * GIB
        assert 0 < sample.uptime <= profile.boot_period_s
        assert all(0 < used <= total for _, used, total in sample.disks)
        assert all(200 <= tenths <= 1000 for _, tenths in sample.temperatures)
        assert bool(sample.temperatures) == profile.has_sensors


def test_readings_change_smoothly_and_follow_the_working_day():
    for profile in FLEET[:40]:
        before = readings.cpu_permille(profile, MONDAY + 36_000)
        for step in range(1, 120):
            now = readings.cpu_permille(profile, MONDAY + 36_000 + step)
            assert abs(now - before) <= 60
            before = now
    desks = [profile for profile in FLEET if profile.kind != "SRV" and profile.utc_offset_h == 0.0]

    def busy(at):
        return sum(readings.cpu_permille(profile, at) for profile in desks)

    assert busy(MONDAY + 10.5 * 3600) > 2 * busy(MONDAY + 2 * 3600)


def test_messages_pass_the_gateways_decoder():
    for profile in FLEET[:30]:
        for message in (readings.heartbeat(profile, MONDAY), readings.metrics(profile, MONDAY)):
            assert isinstance(codec.decode_from_agent(codec.encode(message)), Heartbeat | Metrics)
        for section in SECTIONS:
            items = collect(profile, section, MONDAY)
            data = codec.encode(InventorySection(section, codec.inventory_hash(items), items))
            assert len(data) < MAX_MESSAGE_BYTES
            assert codec.decode_from_agent(data).items == items


def test_the_inventory_says_that_it_is_simulated_and_is_stable():
    profile = FLEET[0]
    assert collect(profile, "system", MONDAY)["simulated"] is True
    for section in SECTIONS:
        assert collect(profile, section, MONDAY) == collect(profile, section, MONDAY)


def test_software_lists_are_long_and_move_on():
    for profile in FLEET[:30]:
        items = collect(profile, "software", MONDAY)
        assert 60 <= len(items) <= 300
        later = collect(profile, "software", MONDAY + 7 * 3600)
        assert items.keys() == later.keys()
        assert 1 <= sum(items[name] != later[name] for name in items) <= 4


def test_what_is_missing_names_the_sources_that_were_tried():
    blind = next(profile for profile in FLEET if not profile.has_sensors)
    assert collect(blind, "temperatures", MONDAY)["none"]["tried"]
    virtual = next(profile for profile in FLEET if profile.model.family == "vm")
    assert collect(virtual, "hardware", MONDAY)["gpus"]["tried"]


@pytest.mark.parametrize("kind", ["processes", "temperatures", "smart", "folders"])
def test_every_query_has_an_answer_that_fits(kind):
    for profile in FLEET[:20]:
        path = "C:\\" if profile.os == "windows" else "/"
        answer = answers.answer(profile, Query(bytes(16), kind, {"path": path}), MONDAY)
        assert answer.ok
        assert answer.data["items"] or not profile.has_sensors
        data = codec.encode(answer)
        assert len(data) < MAX_MESSAGE_BYTES
        assert isinstance(codec.decode_from_agent(data), Answer)


def test_processes_add_up_to_the_machine():
    profile = FLEET[1]
    rows = answers.processes(profile, MONDAY)["items"]
    whole = readings.cpu_permille(profile, MONDAY) / 10 * profile.model.threads
    assert sum(row["cpu_percent"] for row in rows) == pytest.approx(whole, abs=2)
    assert sum(row["rss"] for row in rows) < profile.memory
    assert len({row["pid"] for row in rows}) == len(rows)


def test_folders_go_one_level_down_and_refuse_what_is_not_there():
    profile = next(profile for profile in FLEET if profile.os == "linux")
    inner = answers.answer(profile, Query(bytes(16), "folders", {"path": "/home"}), MONDAY)
    assert inner.ok
    assert inner.data["path"] == "/home"
    for path in ("/nowhere", "../etc", 7):
        assert not answers.answer(profile, Query(bytes(16), "folders", {"path": path}), MONDAY).ok


@pytest.mark.parametrize(
    ("script", "code", "text"),
    [
        ("hostname", 0, FLEET[0].hostname),
        ("echo one 'two three'", 0, "one two three"),
        ("echo a; echo b", 0, "a\nb"),
        ("#!/bin/sh\nset -e\nuptime", 0, "load average"),
        ("df -h", 0, "Mounted on"),
        ("false", 1, ""),
        ("exit 7", 7, ""),
        ("rm -rf /", 127, "simulated machine"),
        ("echo before\n./install.sh\necho after", 127, "before"),
        ("echo 'unclosed", 127, "simulated machine"),
        ("", 0, ""),
    ],
)
def test_the_shell_knows_a_few_commands_and_runs_none(script, code, text):
    outcome = interpret(FLEET[0], script, MONDAY)
    output = b"".join(step.data for step in outcome.steps).decode()
    assert outcome.exit_code == code
    assert text in output
    assert "after" not in output


def test_sleep_takes_its_time():
    outcome = interpret(FLEET[0], "sleep 2.5 && echo done", MONDAY)
    assert outcome.steps[0].wait_s == 2.5
