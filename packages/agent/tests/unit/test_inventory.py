"""Differences, bounds, and what Linux's files say."""

import os
import struct

import msgspec
import pytest
from gururmm_agent.adapters.linux import mounts, network, readings, software, system, temperatures, users
from gururmm_agent.adapters.linux.processes import LinuxProcesses
from gururmm_agent.tasks.folders import folder_sizes
from gururmm_agent.tasks.inventory import SECTION_BYTES, bounded, delta, steady
from gururmm_agent.tasks.queries import ANSWER_BYTES, fit
from gururmm_agent.tasks.rates import metrics


def test_delta_names_what_changed_and_what_went():
    before = {"same": 1, "other": {"x": 1}, "gone": 2}
    after = {"same": 1, "other": {"x": 2}, "new": [3]}
    message = delta("network", b"b" * 16, before, b"n" * 16, after)
    assert message.changed == {"other": {"x": 2}, "new": [3]}
    assert message.removed == ["gone"]
    applied = {key: item for key, item in before.items() if key not in message.removed} | message.changed
    assert applied == after


def test_a_corrected_clock_is_not_another_boot():
    assert steady({"boot_time": 1000}, {"boot_time": 1003, "x": 1}) == {"boot_time": 1000, "x": 1}
    assert steady({"boot_time": 1000}, {"boot_time": 1060}) == {"boot_time": 1060}
    assert steady(None, {"boot_time": 7}) == {"boot_time": 7}


def test_a_section_that_is_too_large_says_so():
    items = bounded({f"package-{n}": {"version": "1" * 100} for n in range(4000)})
    assert len(msgspec.msgpack.encode(items)) <= SECTION_BYTES + 100
    assert items["truncated"]["total"] == 4000
    many = bounded({str(n): 1 for n in range(9000)})
    assert len(many) == 5000


def test_an_answer_that_is_too_large_says_so():
    answer = fit({"items": [{"command": "x" * 500}] * 2000})
    assert len(msgspec.msgpack.encode(answer)) <= ANSWER_BYTES + 100
    assert answer["truncated"]


def test_mounts_leave_out_what_is_not_this_machines_data(monkeypatch):
    text = (
        "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "2 1 8:1 /srv /var/chroot rw - ext4 /dev/sda1 rw\n"
        "3 1 0:5 / /proc rw - proc proc rw\n"
        "4 1 0:9 / /mnt/nas rw - nfs4 nas:/x rw\n"
        "5 1 8:2 / /mnt/with\\040blank ro,noatime - ext4 /dev/sda2 rw\n"
        "6 1 7:0 / /snap/x ro - squashfs /dev/loop0 ro\n"
        "7 1 0:40 / /tank rw shared:1 - zfs tank rw\n"
    )
    monkeypatch.setattr(mounts, "read_text", lambda _: text)
    monkeypatch.setattr(mounts, "try_read", lambda _: "nodev\tproc\nnodev\tnfs4\n\text4\n\tsquashfs")
    assert [(m.point, m.device) for m in mounts.local_mounts()] == [
        ("/", "/dev/sda1"),
        ("/mnt/with blank", "/dev/sda2"),
        ("/tank", "tank"),
    ]


def test_counters_that_go_back_are_no_traffic():
    linux = readings.LinuxReadings()
    after = linux.counters()
    before = msgspec.structs.replace(
        after, at=after.at - 60, received=after.received + 10**9, cpu_busy=after.cpu_busy + 5
    )
    one = metrics(1, before, after, [], [])
    assert (one.receive_rate, one.cpu) == (0, 0)


def test_temperatures_from_sysfs(tmp_path, monkeypatch):
    chip = tmp_path / "hwmon0"
    chip.mkdir()
    (chip / "name").write_text("coretemp\n")
    for number, (label, value) in enumerate((("Package", "45500"), ("Core", "44000"), ("Core", "-3000"), ("x", "bad"))):
        (chip / f"temp{number}_label").write_text(label)
        (chip / f"temp{number}_input").write_text(value)
    original = temperatures.entries
    monkeypatch.setattr(temperatures, "entries", lambda path: original(path.replace("/sys/class/hwmon", str(tmp_path))))
    found, attempts = temperatures.TemperatureSources().read()
    assert [(one.label, one.tenths) for one in found] == [
        ("coretemp Package", 455),
        ("coretemp Core", 440),
        ("coretemp Core #2", -30),
    ]
    assert [attempt.source for attempt in attempts] == ["hwmon", "thermal zones", "NVML"]


@pytest.mark.parametrize(
    ("tool", "text", "source", "packages"),
    [
        (
            "dpkg-query",
            "bash\t5.2\tii \nold\t1\trc \nlibc6:amd64\t2.36\tii \n\n",
            "dpkg",
            {"bash": "5.2", "libc6:amd64": "2.36"},
        ),
        ("rpm", "bash\t5.2-1\n", "rpm", {"bash": "5.2-1"}),
        (
            "apk",
            "musl-1.2.4-r2 - the C library\nbusybox-1.36.1-r5\nodd\n",
            "apk",
            {"busybox": "1.36.1-r5", "musl": "1.2.4-r2"},
        ),
    ],
)
def test_package_lists(monkeypatch, tool, text, source, packages):
    monkeypatch.setattr(software, "ask_tool", lambda *arguments, timeout_s: text if arguments[0] == tool else "")
    assert software.software_items() == {
        name: {"version": version, "source": source} for name, version in packages.items()
    }


def test_sessions_from_utmp(tmp_path):
    record = struct.Struct("=hxxi32s4s32s256shhiii4I20x")
    live = record.pack(7, os.getpid(), b"pts/0", b"", b"ann", b"192.0.2.7", 0, 0, 0, 1700000000, 0, 0, 0, 0, 0)
    dead = record.pack(8, 1, b"pts/1", b"", b"bob", b"", 0, 0, 0, 0, 0, 0, 0, 0, 0)
    assert record.size == 384
    (tmp_path / "utmp").write_bytes(live + dead + b"torn")
    assert users.user_items((tmp_path / "absent", tmp_path / "utmp")) == {
        "ann@pts/0": {"name": "ann", "terminal": "pts/0", "host": "192.0.2.7", "since": 1700000000}
    }
    assert users.user_items((tmp_path / "absent",))["none"]


def test_this_machine_is_described():
    items = system.system_items("id")
    assert items["os"]["name"]
    assert items["os"]["kernel"] == os.uname().release
    assert items["virtualization"]["kind"]
    assert items["boot_time"] > 1_500_000_000
    assert "127.0.0.1/8" in network.interface_addresses()["lo"]


def test_processes_show_this_one():
    rows, truncated = LinuxProcesses().rows(2000)
    own = next(row for row in rows if row.pid == os.getpid())
    assert own.rss > 10_000_000
    assert "python" in own.command
    assert own.user
    assert not truncated
    assert LinuxProcesses().rows(1)[1]


def test_folder_sizes_are_bounded_and_follow_nothing(tmp_path):
    (tmp_path / "a" / "deep").mkdir(parents=True)
    (tmp_path / "a" / "deep" / "file").write_bytes(b"x" * 100_000)
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "b").mkdir()
    (tmp_path / os.fsdecode(b"not-\xff-utf8")).mkdir()
    (tmp_path / "own").write_bytes(b"y")
    answer = folder_sizes(str(tmp_path))
    assert msgspec.msgpack.encode(answer)
    assert sorted(item["name"] for item in answer["items"]) == [".", "a", "b", "not-\ufffd-utf8"]
    assert answer["items"][0]["name"] == "a"
    assert 100_000 <= answer["items"][0]["bytes"] < 150_000
    assert not answer["truncated"]
    assert folder_sizes(str(tmp_path), time_s=-1)["truncated"]
    with pytest.raises(OSError):
        folder_sizes(str(tmp_path / "absent"))
