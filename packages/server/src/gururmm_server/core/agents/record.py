"""The record of machines, for other components: each function works inside the caller's transaction.

Reading many goes through the views that this component offers.
"""

from uuid import UUID

from gururmm_server.core.agents import _repository as repository
from gururmm_server.core.agents._repository import (
    Described,
    Facts,
    Machine,
    NewAgent,
    Place,
    delete,
    describe,
    describe_all,
    hold,
    is_enrolled,
    move,
    register,
    rename_client,
    rename_site,
    revoke,
)
from gururmm_server.core.agents.errors import AgentNotFound
from gururmm_server.infra.database import Transaction

__all__ = [
    "Described",
    "Facts",
    "Machine",
    "NewAgent",
    "Place",
    "delete",
    "describe",
    "describe_all",
    "find",
    "hold",
    "is_enrolled",
    "move",
    "register",
    "rename_client",
    "rename_site",
    "revoke",
]


async def find(tx: Transaction, agent_id: UUID) -> Machine:
    """Returns a machine. Raises `AgentNotFound` where the transaction's scope does not see it."""
    found = await repository.find(tx, agent_id)
    if found is None:
        raise AgentNotFound
    return found
