"""What is wrong with a machine, as far as its state says, and the sentence that says it to people."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, Protocol, get_args

from gururmm_wire.codec import MalformedMessage, decode_from_agent
from gururmm_wire.v2.agent import Metrics

from gururmm_server.infra.clock import now

ProblemKind = Literal[
    "cloned",
    "disk_full",
    "disk_read_only",
    "disk_not_answering",
    "memory_high",
    "offline_long",
    "clock_wrong",
    "state_not_kept",
    "reading_failed",
]
KINDS: Final[tuple[ProblemKind, ...]] = get_args(ProblemKind)
"""What needs somebody most comes first."""

CLOCK_SLACK_S: Final = 120
"""By how much a machine's clock may differ from the server's: about what signing in to a domain bears."""

_DISKS: Final[dict[str, ProblemKind]] = {"became_read_only": "disk_read_only", "not_answering": "disk_not_answering"}
_FAULTS: Final[dict[str, ProblemKind]] = {"state_not_kept": "state_not_kept", "reading_failed": "reading_failed"}


class State(Protocol):
    """What is known of a machine. Readings in permille; `latest`: its newest Metrics message, as the wire has it."""

    @property
    def disk(self) -> int | None: ...
    @property
    def memory(self) -> int | None: ...
    @property
    def changed_at(self) -> datetime: ...
    @property
    def clock_s(self) -> int | None: ...
    @property
    def latest(self) -> bytes | None: ...


def told_by(sample: Metrics) -> list[ProblemKind]:
    """Returns the problems that a sample tells of by itself, beside what its numbers say."""
    told = {_DISKS[disk.access] for disk in sample.disks if disk.access in _DISKS}
    told |= {_FAULTS[fault.kind] for fault in sample.faults if fault.kind in _FAULTS}
    return sorted(told, key=KINDS.index)


def sentence(kind: ProblemKind, state: State) -> str:
    """Returns what is wrong, in words."""
    sample = _sample(state.latest)
    match kind:
        case "cloned":
            return "Several machines have its key: nothing runs there until somebody decides which of them it is."
        case "disk_full":
            return _fullest_disk(state.disk or 0, sample)
        case "memory_high":
            return f"{(state.memory or 0) / 10:g} % of the memory is in use."
        case "offline_long":
            return f"Offline for {_duration((now() - state.changed_at).total_seconds())}."
        case "clock_wrong":
            ahead = state.clock_s or 0
            return f"Its clock is {_duration(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} the server's."
        case "disk_read_only":
            return f"Nothing can be written to {_places(sample, 'became_read_only')} any more: it became read-only."
        case "disk_not_answering":
            return f"{_places(sample, 'not_answering')} does not answer."
        case "state_not_kept":
            return f"The agent cannot write to its disk{_words(sample, 'state_not_kept')}"
        case "reading_failed":
            return f"Something cannot be read on the machine{_words(sample, 'reading_failed')}"


def _sample(encoded: bytes | None) -> Metrics | None:
    try:
        message = decode_from_agent(encoded) if encoded is not None else None
    except MalformedMessage:
        return None
    return message if isinstance(message, Metrics) else None


def _fullest_disk(permille: int, sample: Metrics | None) -> str:
    """Returns which drive is full and what is left of it, as far as the sample says."""
    share = f"{permille / 10:g} % full"
    fixed = ("read_only", "became_read_only")
    drives = [disk for disk in sample.disks if disk.total > 0 and disk.access not in fixed] if sample else []
    if not drives:
        return f"The fullest disk is {share}."
    drive = max(drives, key=lambda disk: disk.used / ((disk.used + disk.available) or 1))
    return f"{_listed([drive.mount])} is {share}: {_size(drive.available)} left."


def _places(sample: Metrics | None, access: str) -> str:
    return _listed([disk.mount for disk in sample.disks if disk.access == access] if sample else []) or "A disk"


def _words(sample: Metrics | None, kind: str) -> str:
    told = _listed([fault.text for fault in sample.faults if fault.kind == kind] if sample else [])
    return f": {told}" if told else "; it does not say what."


def _listed(texts: Sequence[str]) -> str:
    shown = ", ".join("".join(c if c.isprintable() else " " for c in text)[:200] for text in texts[:3])
    return f"{shown} and {len(texts) - 3} more" if len(texts) > 3 else shown


def _size(amount: int) -> str:
    size, units = float(max(0, amount)), ["B", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size /= 1024
        units.pop(0)
    return f"{size:.{0 if size >= 100 or units[0] == 'B' else 1}f} {units[0]}"


def _duration(seconds: float) -> str:
    if seconds < 3600:
        return f"{int(seconds // 60)} minutes"
    hours = int(seconds // 3600)
    if hours < 48:
        return f"{hours} hour{'' if hours == 1 else 's'}"
    return f"{hours // 24:,} days"
