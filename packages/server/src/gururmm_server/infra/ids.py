"""Identifiers: UUID version 7, so that a primary key grows with time (RFC 9562)."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A new identifier. It is a name, never a credential."""
    return uuid7()
