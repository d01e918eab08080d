"""Mission Control's first page: how many, how well, and what needs somebody now."""

from typing import Self

import msgspec

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.commands.permissions import COMMANDS_READ
from gururmm_server.core.component import House
from gururmm_server.core.fleet.rows import latest_metrics
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
from gururmm_server.core.presence.problems import ProblemKind
from gururmm_server.core.quotas.resources import MACHINES, TERMINALS
from gururmm_server.core.quotas.service import Quotas
from gururmm_server.core.tunnel.permissions import TUNNEL_READ
from gururmm_server.infra.clock import now
from gururmm_server.infra.database import Database

KINDS: tuple[ProblemKind, ...] = ("cloned", "disk_full", "memory_high", "offline_long")


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
    since = None
    if kind == "cloned":
        text = "Several machines have its key: nothing runs there until somebody decides which of them it is."
    elif kind == "disk_full":
        text = _fullest_disk(row)
    elif kind == "memory_high":
        text = f"{(row.memory or 0) / 10:g} % of the memory is in use."
    else:
        since = row.changed_at
        text = f"Offline for {_duration((now() - since).total_seconds())}."
    return Attention(
        agent_id=row.agent_id,
        hostname=row.hostname,
        client_name=row.client_name,
        site_name=row.site_name,
        kind=kind,
        text=text,
        since=since,
        online=row.online,
    )


def _fullest_disk(row: rows.AttentionRow) -> str:
    """Returns which drive is full and what is left of it, as far as its newest readings say."""
    share = f"{(row.disk or 0) / 10:g} % full"
    latest = latest_metrics(row.latest)
    drives = [each for each in latest.disks if each.total > 0] if latest else []
    if not drives:
        return f"The fullest disk is {share}."
    drive = max(drives, key=lambda each: each.used / each.total)
    return f"{drive.mount} is {share}: {_size(drive.total - drive.used)} left."


def _size(amount: int) -> str:
    size, units = float(max(0, amount)), ["B", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(units) > 1:
        size /= 1024
        units.pop(0)
    return f"{size:.{0 if size >= 100 or units[0] == 'B' else 1}f} {units[0]}"


def _duration(seconds: float) -> str:
    hours = int(seconds // 3600)
    if hours < 48:
        return f"{hours} hour{'' if hours == 1 else 's'}"
    return f"{hours // 24:,} days"
