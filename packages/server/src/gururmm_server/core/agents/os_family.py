"""The one rule by which a system's name, as some machine or some collector writes it, becomes a family."""

from typing import Final, Literal

OsFamily = Literal["linux", "windows", "macos", "other"]
_WORDS: Final[dict[str, OsFamily]] = {"windows": "windows", "macos": "macos", "darwin": "macos", "linux": "linux"}


def os_family(name: str) -> OsFamily:
    """Returns the family that this name of an operating system means; `other` where it means none that we know."""
    lower = name.lower()
    return next((family for word, family in _WORDS.items() if word in lower), "other")
