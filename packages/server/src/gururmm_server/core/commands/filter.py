"""Which commands somebody wants to see."""

from uuid import UUID

import msgspec


class CommandFilter(msgspec.Struct, frozen=True):
    """All that is set must hold; `statuses`: one of these."""

    agent_id: UUID | None = None
    batch_id: UUID | None = None
    statuses: list[str] | None = None
