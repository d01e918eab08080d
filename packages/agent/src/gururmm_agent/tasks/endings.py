"""How a command ended, in words."""

from collections.abc import Sequence
from typing import Final

from gururmm_agent.adapters.ports import Survivor

INTERRUPTED: Final = "interrupted: the agent stopped while it ran"
RESTARTED: Final = "interrupted: the machine restarted while it ran"
MACHINE_AS_ASKED: Final = "the machine was restarted or switched off, as this command asked"
AGENT_AS_ASKED: Final = (
    "the agent of this machine was stopped or restarted, as this command asked; what it did after that was not heard"
)
_SIGNALS: Final = {
    1: "hung up (SIGHUP)",
    2: "interrupted (SIGINT)",
    3: "quit (SIGQUIT)",
    4: "crashed: an instruction that the processor does not know (SIGILL)",
    6: "aborted (SIGABRT)",
    7: "crashed: a wrong address (SIGBUS)",
    8: "crashed: an impossible calculation (SIGFPE)",
    9: "killed (SIGKILL): by somebody, or by the system when memory ran out",
    11: "crashed: memory that is not its own (SIGSEGV)",
    13: "ended by writing to a pipe that nobody reads (SIGPIPE)",
    15: "asked to end (SIGTERM)",
    24: "ended: it used more processor time than it may (SIGXCPU)",
    25: "ended: it wrote a file larger than it may (SIGXFSZ)",
}


def limit_reached(timeout_s: int, left: Sequence[Survivor]) -> str:
    """Returns what is said of a command that took too long."""
    return f"ended after its time limit of {_duration(timeout_s)}{_alive(left)}"


def cancelled(left: Sequence[Survivor]) -> str:
    """Returns what is said of a command that somebody cancelled."""
    return f"cancelled{_alive(left)}"


def by_itself(exit_code: int) -> str:
    """Returns what is said of a command that ended by itself: something only if a signal was its end."""
    if exit_code >= 0:
        return ""
    return _SIGNALS.get(-exit_code, f"ended by signal {-exit_code}")


def _alive(left: Sequence[Survivor]) -> str:
    if not left:
        return ""
    names = ", ".join(f"{one.pid} ({one.name})" for one in left[:20])
    if all(one.stuck for one in left):
        why = "it waits in the kernel for a disk or a network file system that does not answer"
    else:
        why = "it was killed and is there all the same"
    return f"; cannot be killed and still lives: process {names}: {why}"


def _duration(seconds: int) -> str:
    """Such as `1 h 30 min`."""
    parts = ((seconds // 3600, "h"), (seconds % 3600 // 60, "min"), (seconds % 60, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number)
