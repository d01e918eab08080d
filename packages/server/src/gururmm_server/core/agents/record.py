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
    count,
    delete,
    describe,
    describe_all,
    forget_machine_id,
    give_key,
    hold,
    is_taken,
    keep_apart,
    key_of,
    move,
    of_key,
    register,
    rename_client,
    rename_site,
    revoke,
    was_removed,
)
from gururmm_server.core.agents.errors import AgentNotFound
from gururmm_server.infra.database import Transaction

__all__ = [
    "Described",
    "Facts",
    "Machine",
    "NewAgent",
    "Place",
    "count",
    "delete",
    "describe",
    "describe_all",
    "find",
    "find_by",
    "forget_machine_id",
    "give_key",
    "hold",
    "is_taken",
    "keep_apart",
    "key_of",
    "move",
    "of_key",
    "register",
    "rename_client",
    "rename_site",
    "revoke",
    "was_removed",
]


async def find_by(tx: Transaction, said: str) -> Machine | None:
    """Returns the machine with the id that an agent says, or None where that is none, or not seen from here."""
    try:
        return await repository.find(tx, UUID(said))
    except ValueError:
        return None


async def find(tx: Transaction, agent_id: UUID) -> Machine:
    """Returns a machine. Raises `AgentNotFound` where the transaction's scope does not see it."""
    found = await repository.find(tx, agent_id)
    if found is None:
        raise AgentNotFound
    return found
