"""SQL that tells which channels were opened at an agent. Runs in a gateway's scope, which sees nothing else of them."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from gururmm_server.infra.database import Transaction

_AMONG = "select agent_id, session_id, channel from core.opened_channels($1::uuid[], $2::uuid[], $3::int[])"


class AgentsChannel(msgspec.Struct, frozen=True):
    """A channel, and the agent that speaks of it as its own."""

    agent_id: UUID
    session_id: UUID
    channel: int


async def among(tx: Transaction, said: Sequence[AgentsChannel]) -> set[AgentsChannel]:
    """Returns those that were opened at that agent, whether they are over by now or not."""
    rows = await tx.fetch(
        _AMONG, [each.agent_id for each in said], [each.session_id for each in said], [each.channel for each in said]
    )
    return {AgentsChannel(**row) for row in rows}
