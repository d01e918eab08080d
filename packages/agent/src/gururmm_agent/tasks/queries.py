"""Questions answered once, on demand, from a thread each; never more than two of a kind at a time.

One that gets no answer of the machine, as from a path whose file system is dead, is given up: it holds no other.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

import msgspec
from gururmm_wire.v2.agent import Answer
from gururmm_wire.v2.names import QUERY_KINDS, UNKNOWN_KIND
from gururmm_wire.v2.server import Query

from gururmm_agent.adapters.ports import Adapters
from gururmm_agent.link.uplink import Uplink
from gururmm_agent.memory import give_back
from gururmm_agent.printable import printable, printable_in
from gururmm_agent.tasks.apart import Apart, TooManyLost
from gururmm_agent.tasks.folders import TIME_S, folder_sizes

_log = logging.getLogger(__name__)

MAX_ROWS: Final = 2000
ANSWER_BYTES: Final = 240 * 1024
_AT_ONCE: Final = 2
"""Of each kind; more of it wait."""
_WAITING: Final = 20
_WITHIN_S: Final = {"folders": TIME_S + 2}
_WITHIN_OTHERS_S: Final = 8.0
_MOST_LOST: Final = 8


class QueryRefused(Exception):
    """The question cannot be answered; the message says why."""


class Queries:
    """Answers for the server."""

    def __init__(self, adapters: Adapters, uplink: Uplink, group: asyncio.TaskGroup) -> None:
        self._adapters = adapters
        self._uplink = uplink
        self._group = group
        self._slots = {kind: asyncio.Semaphore(_AT_ONCE) for kind in QUERY_KINDS}
        self._apart = {kind: Apart(_MOST_LOST) for kind in QUERY_KINDS}
        self._asked = Counter[str]()

    def ask(self, message: Query) -> None:
        """Answer in the background."""
        if message.kind not in QUERY_KINDS:
            why = f"this agent does not know the question {message.kind}"
            self._uplink.send(Answer(message.query_id, ok=False, message=why, code=UNKNOWN_KIND))
            return
        if self._asked[message.kind] >= _WAITING:
            self._uplink.send(Answer(message.query_id, ok=False, message="this machine has too many questions waiting"))
            return
        self._asked[message.kind] += 1
        self._group.create_task(self._answer(message))

    async def _answer(self, message: Query) -> None:
        kind = message.kind
        try:
            work = self._work(message)
            async with self._slots[kind]:
                data = await self._apart[kind].run(work, _WITHIN_S.get(kind, _WITHIN_OTHERS_S))
            self._uplink.send(Answer(message.query_id, ok=True, data=fit(printable_in(data))))
        except QueryRefused as refusal:
            self._uplink.send(Answer(message.query_id, ok=False, message=str(refusal)))
        except TooManyLost:
            why = "earlier questions of this kind still wait for a disk or a network file system that does not answer"
            self._uplink.send(Answer(message.query_id, ok=False, message=why))
        except TimeoutError:
            why = "a disk or a network file system of this machine does not answer"
            self._uplink.send(Answer(message.query_id, ok=False, message=why))
        except OSError as error:
            self._uplink.send(Answer(message.query_id, ok=False, message=printable(str(error))[:2048]))
        except Exception:  # noqa: BLE001 - the edge of a job
            _log.exception("the query %s failed inside the agent", message.kind)
            self._uplink.send(Answer(message.query_id, ok=False, message="the agent failed; its log says why"))
        finally:
            self._asked[kind] -= 1
            give_back()

    def _work(self, message: Query) -> Callable[[], dict[str, Any]]:
        if message.kind == "processes":
            return self._processes
        if message.kind == "temperatures":
            return self._temperatures
        if message.kind == "smart":
            return lambda: {"items": self._adapters.inventory.smart()}
        path = message.arguments.get("path", "/")
        if not isinstance(path, str) or "\0" in path or not path:
            raise QueryRefused("folders needs a path")
        return lambda: self._folders(path)

    def _folders(self, path: str) -> dict[str, Any]:
        self._adapters.readings.reach(path)
        return folder_sizes(path, self._adapters.readings.mount_points())

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
