"""Mission Control's first page: how many, how well, and what needs somebody now."""

from typing import Any, Self

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.commands.permissions import COMMANDS_READ
from gururmm_server.core.component import House
from gururmm_server.core.overview import _repository as rows
from gururmm_server.core.tunnel.permissions import TUNNEL_READ
from gururmm_server.infra.clock import now
from gururmm_server.infra.database import Database, Row

KINDS = ("disk_full", "memory_high", "offline_long")


class Overview:
    """Counts in one transaction, so that the numbers agree with each other."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db)

    async def get(self, caller: Scope) -> dict[str, Any]:
        """Returns the numbers of what the caller sees, as `schemas.Overview`.

        What they may not read (commands, sessions) is counted as none; the history of all machines is told only to who
        sees every Client.
        """
        who = caller.subject
        async with self._db.scope(caller) as tx:
            sites = await rows.sites(tx)
            kinds = await rows.problems(tx)
            attention = await rows.attention(tx)
            commands = await rows.commands(tx) if who.may(COMMANDS_READ) else dict.fromkeys(_COMMAND_COUNTS, 0)
            sessions = await rows.open_sessions(tx) if who.may(TUNNEL_READ) else 0
            history = await rows.online_history(tx)
        total, online = sum(row["total"] for row in sites), sum(row["online"] for row in sites)
        return {
            "agents": {"total": total, "online": online, "offline": total - online},
            "problems": {
                "total": sum(row["problems"] for row in sites),
                "by_kind": {kind: kinds.get(kind, 0) for kind in KINDS},
            },
            "commands": dict(commands),
            "sessions": {"open": sessions},
            "online_history": [{"at": row["at"], "online": row["online"]} for row in reversed(history)],
            "attention": [_attention(row) for row in attention],
            "sites": [{"id": row["site_id"], **{name: row[name] for name in _SITE_FIELDS}} for row in sites],
        }


_COMMAND_COUNTS = ("queued", "running", "finished_24h", "failed_24h")
_SITE_FIELDS = ("name", "client_id", "client_name", "total", "online", "problems")


def _attention(row: Row) -> dict[str, Any]:
    kind = next(kind for kind in (*KINDS, *row["problems"]) if kind in row["problems"])
    since = None
    if kind == "disk_full":
        text = f"The fullest disk is {(row['disk'] or 0) / 10:g} % full."
    elif kind == "memory_high":
        text = f"{(row['memory'] or 0) / 10:g} % of the memory is in use."
    else:
        since = row["changed_at"]
        text = f"Offline for {_duration((now() - since).total_seconds())}."
    names = ("agent_id", "hostname", "client_name", "site_name")
    return {**{name: row[name] for name in names}, "kind": kind, "text": text, "since": since}


def _duration(seconds: float) -> str:
    hours = int(seconds // 3600)
    if hours < 48:
        return f"{hours} hours"
    return f"{hours // 24} days"
