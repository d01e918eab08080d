"""Local file systems from /proc/self/mountinfo, each device once."""

import os
from typing import Final

import msgspec

from gururmm_agent.adapters.linux.proc import lines_of, read_text, try_read

_ALWAYS: Final = frozenset({"zfs", "btrfs", "bcachefs", "ubifs", "overlay"})
_NEVER: Final = frozenset({"squashfs", "iso9660", "erofs"})
_FILES_OF_CONTAINERS: Final = ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf")
"""Files of the host that engines mount into a container one by one: they are no disk of its own."""


class Mount(msgspec.Struct, frozen=True):
    """One mounted file system. `read_only` is of the file system itself, not of one place where it is mounted."""

    point: str
    device: str
    fstype: str
    options: str
    read_only: bool = False


def local_mounts() -> list[Mount]:
    """Mounts that hold data of this machine: no network, memory or read-only image file systems."""
    real = _real_filesystems()
    chosen: dict[str, Mount] = {}
    for line in lines_of(read_text("/proc/self/mountinfo")):
        left, _, right = line.partition(" - ")
        fields = left.split(" ")
        fstype, device, options = right.split(" ")[:3]
        mount = Mount(_unescape(fields[4]), _unescape(device), fstype, fields[5], "ro" in options.split(","))
        if fstype not in real or fstype in _NEVER or (fstype == "overlay" and mount.point != "/"):
            continue
        if mount.point in _FILES_OF_CONTAINERS:
            continue
        known = chosen.get(fields[2])
        if known is None or len(mount.point) < len(known.point):
            chosen[fields[2]] = mount
    return sorted(chosen.values(), key=lambda mount: mount.point)


def mount_points() -> list[str]:
    """Where any file system is mounted, also one of another machine, as paths of this one."""
    with open("/proc/self/mountinfo", "rb") as file:  # noqa: PTH123 - as everywhere in /proc
        lines = file.read().splitlines()
    return [_unescape(os.fsdecode(line.split()[4])) for line in lines]


def meant_to_be_written() -> frozenset[str]:
    """Mount points that the system's own table mounts to be written to."""
    meant = set()
    for line in lines_of(try_read("/etc/fstab") or ""):
        fields = line.split()
        if len(fields) < 4 or fields[0].startswith(("#", "/dev/sr", "/dev/cdrom")):
            continue
        if not {"ro", "noauto"} & set(fields[3].split(",")):
            meant.add(_unescape(fields[1]))
    return frozenset(meant)


def _real_filesystems() -> frozenset[str]:
    """Types that the kernel knows to need a device, and those that manage their devices themselves."""
    text = try_read("/proc/filesystems") or ""
    return _ALWAYS | {line.strip() for line in text.splitlines() if not line.startswith("nodev")}


def _unescape(text: str) -> str:
    """Mountinfo writes blanks, tabs, newlines, hashes and backslashes in octal."""
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\043", "#"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text
