"""The simulated shell: a table of known commands. Nothing is executed, ever."""

import shlex
import time
from dataclasses import dataclass
from typing import Final

from gururmm_bench.simulator.profile import Profile
from gururmm_bench.simulator.readings import boot_time, cpu_permille, disks

STDOUT: Final = 1
STDERR: Final = 2
_NOT_FOUND: Final = 127


@dataclass(frozen=True, slots=True)
class Step:
    """After `wait_s` seconds, `data` comes out of `stream`."""

    wait_s: float
    stream: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a script does: its output in steps, and the exit code after the last."""

    steps: tuple[Step, ...]
    exit_code: int


def interpret(profile: Profile, script: str, at: float) -> Outcome:
    """The outcome of a script. A line that is not in the table ends it with exit code 127."""
    steps: list[Step] = []
    code = 0
    for line in script.replace("&&", "\n").replace(";", "\n").splitlines():
        text = line.strip()
        if not text or text.startswith(("#", "set ")):
            continue
        try:
            words = shlex.split(text)
        except ValueError:
            words = [text]
        if words[0] == "exit":
            code = int(words[1]) & 255 if words[1:] and words[1].isdigit() else 0
            break
        step, code = _one(profile, words, at)
        steps.append(step)
        if code == _NOT_FOUND:
            break
    return Outcome(tuple(steps), code)


def _one(profile: Profile, words: list[str], at: float) -> tuple[Step, int]:
    name, arguments = words[0], words[1:]
    if name == "sleep" and len(arguments) == 1:
        try:
            return Step(min(max(float(arguments[0]), 0.0), 86400.0), STDOUT, b""), 0
        except ValueError:
            return Step(0, STDERR, f"sleep: invalid time interval '{arguments[0]}'\n".encode()), 1
    if name in ("true", "false"):
        return Step(0, STDOUT, b""), int(name == "false")
    text = _text(profile, name, arguments, at)
    if text is None:
        return Step(0, STDERR, f"{name[:100]}: simulated machine\n".encode()), _NOT_FOUND
    return Step(0.004, STDOUT, (text + "\n").encode()), 0


def _text(profile: Profile, name: str, arguments: list[str], at: float) -> str | None:
    known = {
        "hostname": profile.hostname,
        "whoami": "root",
        "date": time.strftime("%a %b %e %H:%M:%S UTC %Y", time.gmtime(at)),
        "uname": f"Linux {profile.hostname} {profile.system.kernel} {profile.architecture}",
    }
    if name == "echo":
        return " ".join(arguments)
    if name == "uptime":
        return _uptime(profile, at)
    if name == "df" and arguments in (["-h"], []):
        return _df(profile, at)
    return known.get(name)


def _uptime(profile: Profile, at: float) -> str:
    up = int(at) - boot_time(profile, at)
    days, rest = divmod(up, 86400)
    load = cpu_permille(profile, at) / 1000 * profile.model.threads
    clock = time.strftime("%H:%M:%S", time.gmtime(at))
    return (
        f" {clock} up {days} days, {rest // 3600:2d}:{rest % 3600 // 60:02d},  1 user,"
        f"  load average: {load:.2f}, {load * 0.93:.2f}, {load * 0.88:.2f}"
    )


def _df(profile: Profile, at: float) -> str:
    lines = ["Filesystem                  Size  Used Avail Use% Mounted on"]
    devices = {disk.mount: disk.device for disk in profile.disks}
    for mount, used, total in disks(profile, at):
        sizes = "".join(f"{size / 1024**3:5.0f}G" for size in (total, used, total - used))
        lines.append(f"{devices[mount]:<26}{sizes} {used * 100 // total:3d}% {mount}")
    return "\n".join(lines)
