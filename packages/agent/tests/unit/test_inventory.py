"""Differences, bounds, and what Linux's files say."""

import os
import signal
import struct
import subprocess

import msgspec
import pytest
from gururmm_agent.adapters.linux import mounts, network, readings, software, system, temperatures, users
from gururmm_agent.adapters.linux.proc import all_processes, descends
from gururmm_agent.adapters.linux.processes import LinuxProcesses
from gururmm_agent.adapters.ports import Filesystem
from gururmm_agent.tasks.access import DiskAccess
from gururmm_agent.tasks.folders import folder_sizes
from gururmm_agent.tasks.inventory import SECTION_BYTES, bounded, delta, steady
from gururmm_agent.tasks.queries import ANSWER_BYTES, fit
from gururmm_agent.tasks.rates import Moment, metrics


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
        "8 1 0:41 / /var/lib/docker/overlay2/1/merged rw - overlay overlay rw,lowerdir=/l\n"
        "9 1 8:1 /hosts /etc/hosts rw - ext4 /dev/sda1 rw\n"
        "10 1 253:0 / /home rw - xfs /dev/mapper/vg-home ro\n"
        "11 1 0:50 /@ /srv rw shared:2 master:1 - btrfs /dev/sdb1 rw,subvol=/@\n"
        "12 1 0:50 /@/snaps /srv/snaps rw - btrfs /dev/sdb1 rw,subvol=/@/snaps\n"
        "13 1 8:3 / /mnt/\udce9\u3000\u2028x rw - ext4 /dev/sda3 rw"
    )
    monkeypatch.setattr(mounts, "read_text", lambda _: text)
    monkeypatch.setattr(mounts, "try_read", lambda _: "nodev\tproc\nnodev\tnfs4\n\text4\n\txfs\n\tsquashfs")
    found = mounts.local_mounts()
    assert [(m.point, m.device) for m in found] == [
        ("/", "/dev/sda1"),
        ("/home", "/dev/mapper/vg-home"),
        ("/mnt/with blank", "/dev/sda2"),
        ("/mnt/\udce9\u3000\u2028x", "/dev/sda3"),
        ("/srv", "/dev/sdb1"),
        ("/tank", "tank"),
    ]
    assert [m.point for m in found if m.read_only] == ["/home"], "what its driver made so, not one place of it"


def test_in_a_container_its_own_overlay_is_the_disk_and_the_hosts_files_are_none(monkeypatch):
    text = (
        "1 0 0:60 / / rw - overlay overlay rw,lowerdir=/l,upperdir=/u\n"
        "2 1 8:1 /docker/hosts /etc/hosts rw - ext4 /dev/sda1 rw\n"
        "3 1 8:1 /docker/resolv.conf /etc/resolv.conf rw - ext4 /dev/sda1 rw\n"
        "4 1 8:1 /volumes/data /data rw - ext4 /dev/sda1 rw\n"
        "5 1 0:61 / /dev/shm rw - tmpfs shm rw"
    )
    monkeypatch.setattr(mounts, "read_text", lambda _: text)
    monkeypatch.setattr(mounts, "try_read", lambda _: "nodev\ttmpfs\nnodev\toverlay\n\text4")
    assert [m.point for m in mounts.local_mounts()] == ["/", "/data"]


def test_what_the_systems_table_mounts_to_be_written_is_known(monkeypatch):
    table = (
        "# /dev/sdz1 /comment ext4 defaults 0 0\n"
        "UUID=1-2 / ext4 errors=remount-ro 0 1\n"
        "/dev/sdb1 /with\\040blank xfs defaults 0 2\n"
        "/dev/sdc1 /archive ext4 ro,noatime 0 2\n"
        "/dev/sr0 /media/cdrom udf,iso9660 user,noauto 0 0\n"
        "/dev/sdd1 /sometimes ext4 noauto 0 0\n"
        "torn\n"
    )
    monkeypatch.setattr(mounts, "try_read", lambda _: table)
    assert mounts.meant_to_be_written() == {"/", "/with blank"}


def _filesystem(mount: str, access: str = "writable", *, meant: bool = False) -> Filesystem:
    return Filesystem(mount, f"/dev{mount}", 5120, 10240, 4096, access, meant)


def test_a_disk_became_read_only_if_it_was_written_to_or_is_meant_to_be(tmp_path):
    disks = DiskAccess(tmp_path)
    seen = disks.judged([_filesystem("/a"), _filesystem("/image", "read_only"), _filesystem("/b")])
    assert [(use.available, use.reserved) for use in seen[:1]] == [(4096, 2)]
    assert [use.access for use in seen] == [None, "read_only", None]
    now = [
        _filesystem("/a", "read_only"),
        _filesystem("/image", "read_only"),
        _filesystem("/c", "read_only", meant=True),
        _filesystem("/b", "not_answering"),
    ]
    expected = ["became_read_only", "read_only", "became_read_only", "not_answering"]
    assert [use.access for use in disks.judged(now)] == expected
    again = DiskAccess(tmp_path)
    assert [use.access for use in again.judged(now)] == expected, "a restart forgets nothing"
    again.judged([_filesystem("/b")])
    assert again.judged([_filesystem("/a", "read_only")])[0].access == "read_only", "it was away: it may be another"
    (tmp_path / "written").write_text("{torn")
    assert DiskAccess(tmp_path).judged([_filesystem("/x\udce9")])[0].mount == "/x\\xe9"


@pytest.mark.parametrize(
    ("cache", "available"),
    [
        ("13 1 0x01 147 39984 1 2\nname type data\nsize 4 6442450944\nc_min 4 536870912\nmfu 4 1\n", 10 + 5.5),
        ("13 1 0x01\nname type data\nsize 4 17179869184\nc_min 4 0\n", 10),
        ("", 10),
    ],
)
def test_the_cache_of_zfs_is_memory_that_can_be_had(monkeypatch, cache, available):
    """Where it is in this machine's memory, and not in that of the one that a container is on."""
    gib = 2**30
    files = {"/proc/stat": "cpu 1 2 3 4 5 6 7 8"}
    files["/proc/meminfo"] = f"MemTotal: {20 * gib // 1024} kB\nMemFree: 1 kB\nMemAvailable: {10 * gib // 1024} kB"
    monkeypatch.setattr(readings, "read_text", files.__getitem__)
    monkeypatch.setattr(readings, "try_read", lambda path: cache if path.endswith("/arcstats") else None)
    pulse = readings.LinuxReadings().pulse()
    assert pulse.memory_total - pulse.memory_used == available * gib


def test_counters_that_go_back_are_no_traffic():
    linux = readings.LinuxReadings()
    after = linux.counters()
    before = msgspec.structs.replace(
        after, at=after.at - 60, received=after.received + 10**9, cpu_busy=after.cpu_busy + 5
    )
    one = metrics(Moment(1, 9), before, after, disks=[], temperatures=[], faults=[])
    assert (one.at, one.clock, one.receive_rate, one.cpu) == (1, 9, 0, 0)


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


def test_sessions_from_utmp(tmp_path, monkeypatch):
    record = struct.Struct("=hxxi32s4s32s256shhiii4I20x")
    live = record.pack(7, os.getpid(), b"pts/0", b"", b"ann", b"192.0.2.7", 0, 0, 0, 1700000000, 0, 0, 0, 0, 0)
    dead = record.pack(8, 1, b"pts/1", b"", b"bob", b"", 0, 0, 0, 0, 0, 0, 0, 0, 0)
    assert record.size == 384
    (tmp_path / "utmp").write_bytes(live + dead + b"torn")
    assert users.user_items((tmp_path / "absent", tmp_path / "utmp")) == {
        "ann@pts/0": {"name": "ann", "terminal": "pts/0", "host": "192.0.2.7", "since": 1700000000}
    }
    monkeypatch.setattr(users, "all_processes", list)  # nor does logind run
    assert users.user_items((tmp_path / "absent",), tmp_path / "absent")["none"]


def _has_terminal(leader: int) -> bool:
    stats = {stat.pid: stat for stat in all_processes()}
    return any(stat.terminal and descends(stat, leader, stats) for stat in stats.values())


def test_sessions_of_logind_where_there_is_no_utmp(tmp_path):
    """As Debian 13 has them: of an ssh login logind does not know the terminal, which sshd makes later."""
    master, slave = os.openpty()
    terminal = os.ttyname(slave).removeprefix("/dev/")
    leader = subprocess.Popen(["sh", "-c", 'setsid sh -c "sleep 60 <$0" $0; :', os.ttyname(slave)])
    sessions = tmp_path / "sessions"
    sessions.mkdir()

    def session(name: str, **fields: object) -> None:
        known = {"UID": 1000, "USER": "ann", "STATE": "active", "CLASS": "user", "LEADER": leader.pid}
        lines = (f"{key}={value}" for key, value in (known | fields).items())
        (sessions / name).write_text("# This is private data. Do not parse.\n" + "\n".join(lines) + "\n")

    session("3", REMOTE=1, REMOTE_HOST="192.0.2.7", REALTIME=1700000000123456)
    session("1", USER="bob", TTY="tty1", REALTIME=1600000000000000)
    session("2", USER="gdm", CLASS="greeter")
    session("4", STATE="closing")
    session("5", LEADER=2**22 + 1)
    (sessions / "3.ref").write_text("")
    (sessions / "torn").write_bytes(b"USER=\xe9\nCLASS")
    try:
        while not _has_terminal(leader.pid):
            os.sched_yield()
        found = users.user_items((tmp_path / "absent",), sessions)
    finally:
        for pid in LinuxProcesses().tree(leader.pid):
            os.kill(pid, signal.SIGKILL)
        leader.wait()
        os.close(master)
        os.close(slave)
    assert found == {
        "bob@tty1": {"name": "bob", "terminal": "tty1", "host": None, "since": 1600000000},
        f"ann@{terminal}": {"name": "ann", "terminal": terminal, "host": "192.0.2.7", "since": 1700000000},
    }
    (tmp_path / "utmp").write_bytes(b"")
    empty = tmp_path / "none"
    empty.mkdir()
    assert users.user_items((tmp_path / "utmp",), empty) == {}, "nobody is logged in"


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
    assert sorted(item["name"] for item in answer["items"]) == [".", "a", "b", "not-\\xff-utf8"]
    assert answer["items"][0]["name"] == "a"
    assert 100_000 <= answer["items"][0]["bytes"] < 150_000
    assert not answer["truncated"]
    assert folder_sizes(str(tmp_path), time_s=-1)["truncated"]
    with pytest.raises(OSError):
        folder_sizes(str(tmp_path / "absent"))
