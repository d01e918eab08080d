"""Hanging tags on machines, Sites and Clients, and taking them off."""

from typing import Final, Self
from uuid import UUID

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.agents import record
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.component import House
from gururmm_server.core.fleet.service import AgentService
from gururmm_server.core.tags import _repository as repository
from gururmm_server.core.tags._repository import Kind
from gururmm_server.core.tags.errors import TaggedNotFound, TooManyAtOnce, TooManyTags
from gururmm_server.core.tags.schemas import MOST_AT_ONCE, AgentTag, AgentTags, TagChange, TagCount, TagCounts
from gururmm_server.infra.database import Database, Transaction

MOST_TAGS: Final = 20
"""Of one machine, Site or Client."""
_NAMED: Final = 100
"""Ids that a row of the audit names; of more it has the number."""


class Tags:
    """One transaction an act: no audit row, no action."""

    def __init__(self, db: Database, agents: AgentService) -> None:
        self._db = db
        self._agents = agents

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db, house.get(AgentService))

    async def counts(self, caller: Scope) -> TagCounts:
        """Returns the tags that there are."""
        async with self._db.scope(caller) as tx:
            rows = await repository.counts(tx)
        return TagCounts(
            items=[TagCount(tag=row.tag, agents=row.agents, sites=row.sites, clients=row.clients) for row in rows]
        )

    async def of_machine(self, caller: Scope, agent_id: UUID) -> AgentTags:
        """Returns a machine's tags, with those of its Site and Client. Raises `AgentNotFound`."""
        async with self._db.scope(caller) as tx:
            await record.find(tx, agent_id)
            rows = await repository.of_machine(tx, agent_id)
        return AgentTags(items=[AgentTag(tag=row.tag, of=row.of) for row in rows])

    async def change(self, caller: Scope, change: TagChange) -> None:
        """Hangs tags on these things, and takes some off.

        Raises `QueryError`, `TooManyAtOnce`, `TaggedNotFound` and `TooManyTags`.
        """
        async with self._db.scope(caller) as tx:
            tagged = await self._tagged(tx, change)
            for kind, ids in tagged.items():
                if not await repository.there(tx, kind, ids):
                    raise TaggedNotFound
            named = {f"{kind}s": [str(each) for each in ids[:_NAMED]] for kind, ids in tagged.items()}
            details = {"add": change.add, "remove": change.remove, "count": sum(map(len, tagged.values())), **named}
            await append(tx, "audit_log", AuditRow("tags.changed", caller.subject, details=details))
            for kind, ids in tagged.items():
                await repository.take(tx, kind, ids, change.remove)
                await repository.hang(tx, kind, ids, change.add)
                if await repository.most(tx, kind, ids) > MOST_TAGS:
                    raise TooManyTags

    async def _tagged(self, tx: Transaction, change: TagChange) -> dict[Kind, list[UUID]]:
        """Returns the ids of what is chosen, by its kind."""
        agents = set(change.agent_ids)
        if change.filter is not None:
            agents |= set(await self._agents.targets(tx, change.filter.meant(), MOST_AT_ONCE + 1))
        if len(agents) > MOST_AT_ONCE:
            raise TooManyAtOnce
        chosen: dict[Kind, list[UUID]] = {
            "agent": sorted(agents),
            "site": change.site_ids,
            "client": change.client_ids,
        }
        return {kind: ids for kind, ids in chosen.items() if ids}
