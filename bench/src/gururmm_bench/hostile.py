"""A hostile Partner and hostile strangers, all at once: a program of its own, that attacks until it is ended.

`python -m gururmm_bench.hostile FACTS`: FACTS is a JSON file (see `Facts`). Once a second it writes to standard output
what it has done, so that a bench can show that it was attacked at all.
"""

import asyncio
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from gururmm_bench.http import HttpFailure, post_json
from gururmm_bench.tab import attach

_SILENT: Final = 5000
_HALF_SENT: Final = 1100
_HELD: Final = 100
"""Connections that one task opens, one after the other."""
_SIGN_INS: Final = 300
_AGAIN_S: Final = 2.0
_CALLERS: Final = 50
_SCRIPT_BYTES: Final = 60_000
_HEAVY: Final = (
    "/agents?limit=200&sort=-cpu&search=a",
    "/agents?limit=200&search=10.",
    "/commands?limit=200&search=x",
    "/audit?limit=200&search=a",
    "/audit/verify",
    "/overview",
    "/tree",
)
_UPGRADE: Final = (
    b"GET /agent/v2 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
_HALF: Final = b"POST /api/v1/auth/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n{"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Where to, and with what."""

    url: str
    port: int
    gateway_port: int
    token: str
    """An access token of an admin of the hostile Partner."""
    victim: str
    """The e-mail address of somebody of the other Partner."""
    agent_ids: list[str]
    terminals: list[str]
    """Addresses of streams of terminals on its own machine."""
    means: list[str]
    """Some of them; all if empty."""


class Attack:
    """Every means at once."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self.done: Counter[str] = Counter()

    async def run(self) -> None:
        """Attack for ever."""
        means: dict[str, list[Callable[[], Awaitable[None]]]] = {
            "sign-ins": [self._sign_in] * _SIGN_INS,
            "silent": [partial(self._silent, number) for number in range(_SILENT // _HELD)],
            "half-sent": [partial(self._hold, "half-sent to the api", self._facts.port, _HALF)] * (_HALF_SENT // _HELD),
            "questions": [self._ask] * _CALLERS,
            "commands": [self._command],
            "terminals": [partial(self._flood, address) for address in self._facts.terminals],
        }
        async with asyncio.TaskGroup() as tasks:
            for name in self._facts.means or means:
                for act in means[name]:
                    tasks.create_task(_for_ever(act))
            tasks.create_task(self._tell())

    async def _silent(self, number: int) -> None:
        await self._hold("silent at the gateway", self._facts.gateway_port, (b"", _UPGRADE, _UPGRADE[:60])[number % 3])

    async def _sign_in(self) -> None:
        """Wrong passwords, from an address each, for the victim and for nobody."""
        email = random.choice((self._facts.victim, f"nobody-{random.random()}@example.org"))
        body = json.dumps({"email": email, "password": "wrong horse battery"}).encode()
        source = f"127.{random.randrange(1, 250)}.{random.randrange(250)}.{random.randrange(1, 250)}"
        answer = await post_json(f"{self._facts.url}/api/v1/auth/sign-in", body, source)
        self.done[f"sign-ins {answer.status}"] += 1
        await asyncio.sleep(_AGAIN_S)

    async def _hold(self, what: str, port: int, said: bytes) -> None:
        """A hundred connections that say no more, until most of them were ended."""
        held = []
        try:
            for _ in range(_HELD):
                held.append(await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0)))
                held[-1][1].write(said)
                self.done[what] += 1
            await asyncio.wait_for(held[-1][0].read(), 30)
        finally:
            for _, writer in held:
                writer.transport.abort()

    async def _ask(self) -> None:
        url = f"{self._facts.url}/api/v1{random.choice(_HEAVY)}"
        answer = await post_json(url, b"", token=self._facts.token)
        self.done[f"questions {answer.status}"] += 1

    async def _command(self) -> None:
        script = "x" * _SCRIPT_BYTES
        order = {"agent_ids": self._facts.agent_ids, "shell": "sh", "script": script, "timeout_s": 60}
        body = json.dumps(order).encode()
        answer = await post_json(f"{self._facts.url}/api/v1/commands", body, token=self._facts.token)
        self.done[f"commands {answer.status}"] += 1

    async def _flood(self, address: str) -> None:
        tab = await attach(address, self._facts.url)
        tab.type(b"cat /dev/urandom\n")
        while True:
            await asyncio.sleep(0.5)
            self.done["bytes of terminals"] += len(tab.echo.received)
            tab.echo.received.clear()

    async def _tell(self) -> None:
        while True:
            print(json.dumps(dict(self.done)), flush=True)
            await asyncio.sleep(1)


async def _for_ever(act: Callable[[], Awaitable[None]]) -> None:
    while True:
        with suppress(HttpFailure, OSError, TimeoutError, EOFError):
            await act()
        await asyncio.sleep(0.01)


def main() -> None:
    """Attack with the facts in a file."""
    os.nice(15)  # an attacker has machines of its own: its work is not the server's
    facts = Facts(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    asyncio.run(Attack(facts).run())


if __name__ == "__main__":
    main()
