"""An agent's newest readings, in the row that says whether it is connected."""

from collections.abc import Sequence

from gururmm_server.core.presence import _repository as repository
from gururmm_server.core.presence.session import AgentSession
from gururmm_server.infra.database import Transaction


async def write(tx: Transaction, gateway_id: str, sessions: Sequence[AgentSession]) -> list[AgentSession]:
    """Writes the sessions' readings, and returns the sessions that the table no longer counts as this gateway's.

    A session whose machine was moved to another Client learns it here, should it not have heard: that reading is left
    out.
    """
    brief = [session for session in sessions if session.latest is None]
    full = [session for session in sessions if session.latest is not None]
    await repository.lock(tx, sessions)
    touched = 0
    if brief:
        touched += await repository.write_heartbeats(tx, gateway_id, brief)
    if full:
        touched += await repository.write_metrics(tx, gateway_id, full)
    if touched == len(sessions):
        return []
    mine = await repository.connected_here(tx, gateway_id, sessions)
    adrift: list[AgentSession] = []
    for session in sessions:
        connection_id, client_id = mine.get(session.agent_id, (None, session.client_id))
        session.client_id = client_id
        if connection_id != session.connection_id:
            adrift.append(session)
    return adrift
