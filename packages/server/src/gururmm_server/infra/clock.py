"""The wall clock, in one place and always in UTC."""

from datetime import UTC, datetime


def now() -> datetime:
    """This moment, with its zone."""
    return datetime.now(UTC)
