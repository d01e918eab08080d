"""Machines that prove themselves by one key. None of them is let in, and people hear the names of both."""

from typing import Self

from gururmm_server.core.component import House
from gururmm_server.core.presence import _doubles_repository as repository
from gururmm_server.core.presence._doubles_repository import Double
from gururmm_server.core.presence.events import AgentDoubled
from gururmm_server.core.presence.session import AgentSession
from gururmm_server.infra import outbox
from gururmm_server.infra.database import Database

__all__ = ["Double", "Doubles", "named"]


class Doubles:
    """Notes them, for a gateway."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the gateway's."""
        return cls(house.db)

    async def found(self, session: AgentSession, seen: list[Double], others: list[str]) -> str:
        """Notes that a machine is ambiguous. Returns in words who is meant. Raises `Unavailable`.

        `others` are names of those that are not here now.
        """
        names = named([*others, *(f"{each.hostname} ({each.address})" for each in seen)])
        async with self._db.ingest() as tx:
            known = await repository.is_doubled(tx, session.agent_uuid)
            for each in seen:
                await repository.keep(tx, session.tenant_id, session.agent_uuid, each)
            if not known:
                event = AgentDoubled(
                    agent_id=session.agent_uuid, client_id=session.client_id, hostname=session.hostname, names=names
                )
                await outbox.publish(tx, session.tenant_id, event)
        return names

    async def knocks(self, session: AgentSession, double: Double) -> tuple[str, bytes | None]:
        """Notes that one of them is there again. Returns in words who they are, and the order that waits for this one.

        Raises `Unavailable`.
        """
        async with self._db.ingest() as tx:
            order = await repository.keep(tx, session.tenant_id, session.agent_uuid, double)
            names = await repository.names(tx, session.agent_uuid)
        return named(names), order


def named(names: list[str]) -> str:
    """Returns the names, each once, for a sentence."""
    return " and ".join(dict.fromkeys(names))
