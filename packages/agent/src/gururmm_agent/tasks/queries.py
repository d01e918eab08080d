"""Questions answered once, on demand, from a thread; never more than two at a time."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final

import msgspec
from gururmm_wire.v2.agent import Answer
from gururmm_wire.v2.names import UNKNOWN_KIND
from gururmm_wire.v2.server import Query

from gururmm_agent.adapters.ports import Adapters
from gururmm_agent.link.uplink import Uplink
from gururmm_agent.memory import give_back
from gururmm_agent.tasks.folders import folder_sizes

_log = logging.getLogger(__name__)

MAX_ROWS: Final = 2000
ANSWER_BYTES: Final = 240 * 1024
_AT_ONCE: Final = 2
_WAITING: Final = 20


class QueryRefused(Exception):
    """The question cannot be answered; the message says why, and the code says it to a program."""

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


class Queries:
    """Answers for the server."""

    def __init__(self, adapters: Adapters, uplink: Uplink, group: asyncio.TaskGroup) -> None:
        self._adapters = adapters
        self._uplink = uplink
        self._group = group
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._asked = 0

    def ask(self, message: Query) -> None:
        """Answer in the background."""
        if self._asked >= _WAITING:
            self._uplink.send(Answer(message.query_id, ok=False, message="this machine has too many questions waiting"))
            return
        self._asked += 1
        self._group.create_task(self._answer(message))

    async def _answer(self, message: Query) -> None:
        try:
            async with self._slots:
                data = await asyncio.to_thread(self._work(message))
            self._uplink.send(Answer(message.query_id, ok=True, data=fit(data)))
        except QueryRefused as refusal:
            self._uplink.send(Answer(message.query_id, ok=False, message=str(refusal), code=refusal.code))
        except OSError as error:
            self._uplink.send(Answer(message.query_id, ok=False, message=str(error)[:2048]))
        except Exception:  # noqa: BLE001 - the edge of a job
            _log.exception("the query %s failed inside the agent", message.kind)
            self._uplink.send(Answer(message.query_id, ok=False, message="the agent failed; its log says why"))
        finally:
            self._asked -= 1
            give_back()

    def _work(self, message: Query) -> Callable[[], dict[str, Any]]:
        if message.kind == "processes":
            return self._processes
        if message.kind == "temperatures":
            return self._temperatures
        if message.kind == "smart":
            return lambda: {"items": self._adapters.inventory.smart()}
        if message.kind != "folders":
            raise QueryRefused(f"this agent does not know the question {message.kind}", UNKNOWN_KIND)
        path = message.arguments.get("path", "/")
        if not isinstance(path, str) or "\0" in path or not path:
            raise QueryRefused("folders needs a path")
        return lambda: folder_sizes(path)

    def _processes(self) -> dict[str, Any]:
        rows, truncated = self._adapters.processes.rows(MAX_ROWS)
        return {"items": [msgspec.structs.asdict(row) for row in rows], "truncated": truncated}

    def _temperatures(self) -> dict[str, Any]:
        readings, attempts = self._adapters.readings.temperatures()
        return {
            "items": [{"label": row.label, "source": row.source, "celsius": row.tenths / 10} for row in readings],
            "tried": [{"source": row.source, "result": row.result} for row in attempts],
        }


def fit(data: dict[str, Any]) -> dict[str, Any]:
    """The answer within `ANSWER_BYTES`: the last items are left out, and `truncated` says so."""
    items = data.get("items")
    if not isinstance(items, list):
        return data
    encode = msgspec.msgpack.Encoder().encode
    room = ANSWER_BYTES
    for count, item in enumerate(items):
        room -= len(encode(item))
        if room < 0:
            return {**data, "items": items[:count], "truncated": True}
    return data
