"""How a collector says that it has nothing, and why."""

from typing import Any


def unavailable(why: str, *tried: str) -> dict[str, Any]:
    """The item that stands for a reading which cannot be had."""
    return {"unavailable": why, "tried": list(tried)}
