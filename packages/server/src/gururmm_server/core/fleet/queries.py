"""Questions put to a machine while somebody waits: its processes, the sizes of its folders. Each one is audited."""

import asyncio
from datetime import UTC, datetime
from typing import Any, Literal, Self
from uuid import UUID

import msgspec
from gururmm_wire.codec import MalformedMessage, decode_from_agent
from gururmm_wire.v2.agent import Answer
from gururmm_wire.v2.names import UNKNOWN_KIND
from gururmm_wire.v2.server import Query

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.agents.errors import MachineOffline
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.component import House
from gururmm_server.core.fleet.errors import AgentRefused, AgentSilent
from gururmm_server.core.fleet.schemas import Folder, Folders, Process, Processes
from gururmm_server.core.fleet.service import find_machine
from gururmm_server.core.post import traffic
from gururmm_server.core.post.service import Post
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.nats import Bus

ANSWER_SECONDS = 10.0
FOLDER_SECONDS = 30.0
"""Walking a disk takes the agent up to 20 s."""

Kind = Literal["processes", "folders"]

_Shape = dict[str, tuple[tuple[type, ...], Any]]
"""A field's types, and what stands in for a value of another: the machine's word is hostile input."""

_NUMBER = (int, float)
_PROCESS: _Shape = {
    "pid": ((int,), 0),
    "ppid": ((int,), None),
    "name": ((str,), ""),
    "user": ((str,), None),
    "cpu_percent": (_NUMBER, None),
    "rss": ((int,), None),
    "read_bytes": ((int,), None),
    "write_bytes": ((int,), None),
    "started": ((*_NUMBER, str), None),
    "command": ((str,), ""),
}
_FOLDER: _Shape = {"name": ((str,), ""), "bytes": ((int,), 0), "files": ((int,), 0)}


class LiveQueries:
    """Asks through the gateway that holds the machine, in the name of somebody, with a row for each question."""

    def __init__(self, db: Database, bus: Bus, *, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._db = db
        self._bus = bus
        self._post = Post(bus.publish)
        self._answer_seconds = answer_seconds

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db, house.bus)

    async def processes(self, caller: Scope, agent_id: UUID, sort: str) -> Processes:
        """Returns the process list, sorted by a column of its items (`-cpu`: the most first)."""
        row = AuditRow("agent.processes", caller.subject, agent_id)
        data = await self._ask(caller, agent_id, "processes", {}, row)
        items = _items(data, _PROCESS)
        column = {"cpu": "cpu_percent", "memory": "rss", "read": "read_bytes", "write": "write_bytes"}.get(
            sort.removeprefix("-"), sort.removeprefix("-")
        )
        items.sort(key=lambda item: _sort_key(item.get(column)), reverse=sort.startswith("-"))
        shown = [Process(**item) for item in items]
        return Processes(at=datetime.now(UTC), items=shown, truncated=bool(data.get("truncated")))

    async def folders(self, caller: Scope, agent_id: UUID, path: str) -> Folders:
        """Returns the folders directly under a path, with the size of what they hold."""
        row = AuditRow("agent.folders", caller.subject, agent_id, details={"path": path})
        data = await self._ask(caller, agent_id, "folders", {"path": path}, row)
        items = sorted(_items(data, _FOLDER), key=lambda item: _sort_key(item.get("bytes")), reverse=True)
        shown = data.get("path")
        return Folders(
            path=shown if isinstance(shown, str) else path,
            items=[Folder(**item) for item in items],
            truncated=bool(data.get("truncated")),
        )

    async def _ask(
        self,
        caller: Scope,
        agent_id: UUID,
        kind: Kind,
        arguments: dict[str, Any],
        audit: AuditRow,
    ) -> dict[str, Any]:
        """Returns the answer's data. No question leaves before its row in the audit is committed.

        Raises `AgentNotFound`, `MachineOffline`, `AgentSilent`, `AgentRefused`, and what the audit raises.
        """
        async with self._db.scope(caller, reserve=True) as tx:
            row = await find_machine(tx, agent_id)
            if not row.online or row.gateway_id is None:
                raise MachineOffline("This machine is offline, so it cannot be asked. Try again when it is back.")
            await append(tx, "tunnel_audit", audit)
        query = Query(new_id().bytes, kind, arguments)
        answer = await self._exchange(agent_id, row.gateway_id, query)
        if answer.code == UNKNOWN_KIND:
            raise AgentRefused("The agent on this machine is too old to answer that. Update it and ask again.")
        if not answer.ok:
            raise AgentRefused(f"The machine could not answer: {answer.message[:500]}")
        data = _plain(answer.data)
        return data if isinstance(data, dict) else {}

    async def _exchange(self, agent_id: UUID, gateway_id: str, query: Query) -> Answer:
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

        def take(_subject: str, payload: bytes) -> None:
            # The gateway wrote the sender's id in front: another machine's answer is not this one's.
            if payload[:16] != agent_id.bytes or answered.done():
                return
            try:
                message = decode_from_agent(payload[16:])
            except MalformedMessage:
                return
            if isinstance(message, Answer) and message.query_id == query.query_id:
                answered.set_result(message)

        subscription = await self._bus.subscribe(traffic.answer(UUID(bytes=query.query_id)), take)
        seconds = max(self._answer_seconds, FOLDER_SECONDS) if query.kind == "folders" else self._answer_seconds
        try:
            await self._post.to_machine(gateway_id, agent_id, query)
            return await asyncio.wait_for(answered, seconds)
        except TimeoutError as error:
            raise AgentSilent from error
        finally:
            await subscription.stop()


def _plain(data: Any) -> Any:
    """Returns what JSON can say of an answer: MessagePack knows more. Raises `AgentRefused` where that is nothing."""
    try:
        return msgspec.json.decode(msgspec.json.encode(data))
    except (TypeError, ValueError, RecursionError) as error:
        raise AgentRefused("The machine's answer makes no sense.", internal=str(error)) from error


def _items(data: dict[str, Any], shape: _Shape) -> list[dict[str, Any]]:
    """Returns an answer's items with the fields of `shape` alone; what is missing or of another type is empty."""
    items = data.get("items")
    found = [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return [{name: _typed(item.get(name), *kind) for name, kind in shape.items()} for item in found]


def _typed(value: Any, types: tuple[type, ...], empty: Any) -> Any:
    return value if isinstance(value, types) and not isinstance(value, bool) else empty


def _sort_key(value: Any) -> tuple[int, float, str]:
    """Returns what sorts numbers before words; what is missing counts as less than any number."""
    if isinstance(value, bool) or value is None or isinstance(value, dict | list | bytes):
        return (0, 0.0, "")
    return (1, float(value), "") if isinstance(value, int | float) else (2, 0.0, str(value).lower())
