"""Mission Control's first page: how many, how well, and what needs somebody now."""

from datetime import datetime
from typing import Self

import msgspec

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.commands.permissions import COMMANDS_READ
from gururmm_server.core.component import House
from gururmm_server.core.overview import _repository as rows
from gururmm_server.core.overview import schemas
from gururmm_server.core.overview.schemas import (
    AgentCounts,
    Attention,
    CommandCounts,
    OnlinePoint,
    ProblemCounts,
    SessionCounts,
    SiteHealth,
)
from gururmm_server.core.presence.problems import KINDS, ProblemKind, sentence
from gururmm_server.core.quotas.resources import MACHINES, TERMINALS
from gururmm_server.core.quotas.service import Quotas
from gururmm_server.core.tunnel.permissions import TUNNEL_READ
from gururmm_server.infra.database import Database


class Overview:
    """Counts in one transaction, so that the numbers agree with each other."""

    def __init__(self, db: Database, quotas: Quotas) -> None:
        self._db = db
        self._quotas = quotas

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db, house.get(Quotas))

    async def usage(self, caller: Scope) -> schemas.Usage:
        """Returns what the caller's Partner uses of what all share."""
        async with self._db.scope(caller) as tx:
            counted = {TERMINALS: await rows.open_sessions(tx), MACHINES: await rows.machines(tx)}
            return schemas.Usage(items=await self._quotas.usage(tx, counted))

    async def get(self, caller: Scope) -> schemas.Overview:
        """Returns the numbers of what the caller sees, as `schemas.Overview`.

        What they may not read (commands, sessions) is counted as none; the history of all machines is told only to who
        sees every Client.
        """
        who = caller.subject
        async with self._db.scope(caller) as tx:
            sites = await rows.sites(tx)
            kinds = await rows.problems(tx)
            attention = await rows.attention(tx)
            commands = await rows.commands(tx) if who.may(COMMANDS_READ) else rows.CommandRow()
            sessions = await rows.open_sessions(tx) if who.may(TUNNEL_READ) else 0
            jobs = await rows.jobs_this_month(tx)
            history = await rows.online_history(tx)
        total, online = sum(row.total for row in sites), sum(row.online for row in sites)
        return schemas.Overview(
            agents=AgentCounts(total=total, online=online, offline=total - online),
            problems=ProblemCounts(
                total=sum(row.problems for row in sites), by_kind={kind: kinds.get(kind, 0) for kind in KINDS}
            ),
            commands=CommandCounts(**msgspec.structs.asdict(commands)),
            sessions=SessionCounts(open=sessions),
            jobs_this_month=jobs,
            online_history=[OnlinePoint(at=row.at, online=row.online) for row in reversed(history)],
            attention=[_attention(row) for row in attention],
            sites=[_health(row) for row in sites],
        )


def _health(row: rows.SiteRow) -> SiteHealth:
    return SiteHealth(
        id=row.site_id,
        name=row.name,
        client_id=row.client_id,
        client_name=row.client_name,
        total=row.total,
        online=row.online,
        problems=row.problems,
        offline_since=row.offline_since,
    )


def _attention(row: rows.AttentionRow) -> Attention:
    kind = next(kind for kind in (*KINDS, *row.problems) if kind in row.problems)
    if not row.online and "offline_long" in row.problems:
        kind = "offline_long"  # what it read before it went is no news any more
    return Attention(
        agent_id=row.agent_id,
        hostname=row.hostname,
        client_name=row.client_name,
        site_name=row.site_name,
        kind=kind,
        text=sentence(kind, row),
        since=row.changed_at if kind == "offline_long" else _since(row, kind),
        online=row.online,
    )


def _since(row: rows.AttentionRow, kind: ProblemKind) -> datetime | None:
    """Returns since when a problem holds; null where it was there before anybody noted that."""
    return dict(zip(row.problems, row.problems_since, strict=False)).get(kind)
