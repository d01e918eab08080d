"""Reading /proc and /sys: small, fast, and honest about what is not there."""

import os
from pathlib import Path

import msgspec


def read_text(path: str) -> str:
    """The file's content, stripped, with its bytes as names of files have them (`printable`). Raises `OSError`."""
    with open(path, "rb", buffering=0) as file:  # noqa: PTH123 - read every few seconds, `Path` costs more than the read
        data = file.read(262144) or b""
        while more := file.read(262144):
            data += more
    return data.decode("utf-8", "surrogateescape").strip()


def lines_of(text: str) -> list[str]:
    """The lines as the kernel ends them: a name may hold what Python takes for the end of a line, too."""
    return text.split("\n")


def try_read(path: str) -> str | None:
    """The file's content, or None if it cannot be read or is empty."""
    try:
        return read_text(path) or None
    except OSError:
        return None


class ProcessStat(msgspec.Struct, frozen=True):
    """What /proc/<pid>/stat tells. `terminal` is a device's number, `ticks` CPU time used, `start_ticks` since boot."""

    pid: int
    name: str
    state: str
    ppid: int
    session: int
    terminal: int
    ticks: int
    start_ticks: int
    rss_pages: int


def process_stat(pid: int | str) -> ProcessStat | None:
    """One process, or None if it is gone."""
    try:
        text = read_text(f"/proc/{pid}/stat")
    except OSError:
        return None
    head, _, tail = text.rpartition(")")
    number, _, name = head.partition(" (")
    field = tail.split()
    return ProcessStat(
        pid=int(number),
        name=name,
        state=field[0],
        ppid=int(field[1]),
        session=int(field[3]),
        terminal=int(field[4]),
        ticks=int(field[11]) + int(field[12]),
        start_ticks=int(field[19]),
        rss_pages=int(field[21]),
    )


def all_processes() -> list[ProcessStat]:
    """Every process there is now."""
    found = (process_stat(name) for name in os.listdir("/proc") if name.isdigit())  # noqa: PTH208
    return [stat for stat in found if stat is not None]


def descends(stat: ProcessStat, pid: int, stats: dict[int, ProcessStat]) -> bool:
    """Whether a process is `pid` or below it, by those there are."""
    walked = 0
    current: ProcessStat | None = stat
    while current is not None and walked < 1000:
        if current.pid == pid:
            return True
        current = stats.get(current.ppid)
        walked += 1
    return False


def boot_time() -> int:
    """Unix seconds. Raises `OSError`."""
    for line in read_text("/proc/stat").splitlines():
        if line.startswith("btime "):
            return int(line[6:])
    raise OSError("/proc/stat has no btime")


def boot_id() -> str:
    """What this life of the kernel is called; empty where it has no name."""
    return try_read("/proc/sys/kernel/random/boot_id") or ""


def entries(folder: str) -> list[Path]:
    """What is in a folder, sorted; nothing if there is no such folder."""
    try:
        return sorted(Path(folder).iterdir())
    except OSError:
        return []
