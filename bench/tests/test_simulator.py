"""The generators: believable, the same at every start, and within the protocol's bounds."""

import pytest
from gururmm_bench.simulator import answers, readings
from gururmm_bench.simulator.inventory import collect
from gururmm_bench.simulator.profile import GIB, make_profile
from gururmm_bench.simulator.shell import interpret
from gururmm_wire import codec
from gururmm_wire.v2.agent import Answer, Heartbeat, InventorySection, Metrics
from gururmm_wire.v2.limits import MAX_MESSAGE_BYTES
from gururmm_wire.v2.names import SECTIONS
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
        assert all(0 < disk.used <= disk.total for disk in sample.disks)
        assert all(200 <= sensor.tenths <= 1000 for sensor in sample.temperatures)
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


def measure(profile, path):
    answer = answers.answer(profile, Query(bytes(16), "folders", {"path": path}), MONDAY)
    assert answer.ok, (profile.hostname, path, answer.message)
    assert answer.data["path"] == path
    sizes = [item["bytes"] for item in answer.data["items"]]
    assert sizes == sorted(sizes, reverse=True)
    return answer.data["items"]


def below(profile, path, name):
    separator = "\\" if profile.os == "windows" else "/"
    return f"{path.rstrip(separator)}{separator}{name}"


def test_every_drive_that_a_machine_names_has_folders_that_add_up_to_what_is_used():
    for profile in FLEET:
        drives = readings.disks(profile, MONDAY)
        named = {key for key in collect(profile, "disks", MONDAY) if not key.startswith("smart:")}
        assert named == {mount for mount, _, _ in drives}
        for mount, used, _ in drives:
            items = measure(profile, mount)
            assert measure(profile, mount) == items
            assert 0.95 * used <= sum(item["bytes"] for item in items) <= used
            assert any(item["bytes"] and item["name"] != "." for item in items)


def test_a_folder_holds_what_its_own_line_said_two_levels_down_and_more():
    for profile, mount in [(one, disk.mount) for one in FLEET[:60] for disk in one.disks]:
        deepest = 0
        waiting = [(1, below(profile, mount, item["name"]), item) for item in measure(profile, mount)]
        while waiting:
            level, path, item = waiting.pop()
            if item["name"] == "." or not item["bytes"]:  # a mount point has its own line
                continue
            deepest = max(deepest, level)
            inner = measure(profile, path)
            assert 0.95 * item["bytes"] <= sum(row["bytes"] for row in inner) <= item["bytes"], path
            assert sum(row["files"] for row in inner) <= item["files"] + len(inner), path
            waiting += [(level + 1, below(profile, path, row["name"]), row) for row in inner]
        assert deepest >= 2


def test_paths_are_read_as_the_operating_system_reads_them():
    windows = next(profile for profile in FLEET if profile.os == "windows")
    for spelling in ("C:\\Windows\\", "c:\\WINDOWS", "C:/Windows", "C:\\.\\Windows\\."):
        assert measure(windows, spelling) == measure(windows, "C:\\Windows")
    assert measure(windows, "/") == measure(windows, "C:") == measure(windows, "C:\\")
    linux = next(profile for profile in FLEET if profile.os == "linux")
    assert measure(linux, "/var/") == measure(linux, "/var")
    assert {item["bytes"] for item in measure(linux, "/") if item["name"] == "home"} == {0}
    assert measure(linux, "/home")[0]["bytes"]
    mac = next(profile for profile in FLEET if profile.os == "macos")
    assert measure(mac, "/Users") == measure(mac, "/System/Volumes/Data/Users")


@pytest.mark.parametrize("path", ["/nowhere", "../etc", "/VAR", "/var/../etc", "D:\\", "", "/\0", 7])
def test_folders_that_are_not_there_are_refused(path):
    linux = next(profile for profile in FLEET if profile.os == "linux")
    answer = answers.answer(linux, Query(bytes(16), "folders", {"path": path}), MONDAY)
    assert not answer.ok
    assert answer.message


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
