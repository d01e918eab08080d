"""What a process that could not start had to say."""

from pathlib import Path

from gururmm_server.infra.embedded.cause import cause

_OURS = "gururmm: "


def last_words(errors: bytes, title: str, log: Path | None = None) -> str:
    """Returns the sentence that a process of ours ends with when it can't start, else the reason that it, or an
    engine, gave; `log` is where the rest of it stays.
    """
    said = errors.decode("utf-8", "replace")
    for line in reversed(said.splitlines()):
        if line.startswith(_OURS):
            return line.removeprefix(_OURS)
    more = "" if log is None else f" All that it said is in {log}."
    return f"{title} could not start: {cause(said)[:300]}.{more}"
