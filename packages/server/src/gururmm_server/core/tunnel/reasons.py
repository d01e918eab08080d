"""Why a tech session ended: what core.tunnel_sessions.close_reason holds and what a technician reads."""

from typing import Literal, get_args

Why = Literal["exited", "closed", "abandoned", "signed_out", "agent_lost", "not_opened", "removed", "failed"]

_SENTENCES: dict[str, str] = {
    "exited": "The shell ended.",
    "closed": "The terminal was closed.",
    "abandoned": "Nobody came back to the terminal in time.",
    "signed_out": "The sign-in session ended.",
    "agent_lost": "The agent no longer has this shell.",
    "not_opened": "The shell could not be started.",
    "removed": "The machine was removed.",
    "failed": "The server had to give this terminal up.",
}
_SAID_LENGTH = 300

assert set(_SENTENCES) == set(get_args(Why))


def close_reason(why: Why, said: str = "") -> str:
    """Returns the column's text: the word, and what the agent said, without its control characters."""
    shown = "".join(char for char in said if char.isprintable())[:_SAID_LENGTH]
    return f"{why}: {shown}" if shown else why


def sentence(reason: str) -> str:
    """Returns a sentence for people about a `close_reason`."""
    why, _, said = reason.partition(": ")
    known = _SENTENCES.get(why, reason)
    return f"{known} ({said})" if said else known
