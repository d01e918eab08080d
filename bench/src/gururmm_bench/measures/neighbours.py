"""Two Partners, one of them hostile with every means at once: what the other notices."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any, Final, NamedTuple

import asyncpg

from gururmm_bench.bench import Bench
from gururmm_bench.company import agents
from gururmm_bench.figures import Figure, Floor, quantile
from gururmm_bench.hostile import Facts
from gururmm_bench.rest import Refused, Rest
from gururmm_bench.seed import Seeder
from gururmm_bench.stack import Stack
from gururmm_bench.tab import open_terminal

_ROUNDS: Final = 100
_PAUSE_S: Final = 0.05
_MACHINES: Final = 1000
_TERMINALS: Final = 8
_UNDER_WAY_S: Final = 60.0
_SETTLED: Final = 5
"""So often the attack has told of itself, once a second, before it counts as under way."""
_PASSWORD: Final = os.urandom(16).hex()


class _Work(NamedTuple):
    """What a Partner's day is like: milliseconds of each kind of request, and how many failed."""

    milliseconds: dict[str, list[float]]
    failed: int

    def p95(self, kind: str = "") -> float:
        """Of one kind, or of all requests."""
        return quantile([one for name, some in self.milliseconds.items() if kind in ("", name) for one in some], 0.95)


def measure(bench: Bench) -> list[Figure]:
    """The demo's Partner works, first alone, then beside a Partner that attacks."""
    stack = bench.stack
    with _hostile(stack) as hostile:
        stack.rest.renew()
        quiet = _work(stack)
        stack.rest.renew()
        stack.rest.get("/overview")
        with _attack(stack, hostile) as done:
            attacked = _work(stack)
            said = done()
    details: dict[str, float | str] = {}
    for kind in quiet.milliseconds:
        details |= {f"{kind} quiet p95 ms": quiet.p95(kind), f"{kind} attacked": attacked.p95(kind)}
    floor = Floor("the same work without the attack, p95", "ms", quiet.p95())
    note = f"{_ROUNDS} rounds of reading, writing and commands; meanwhile: {said}"
    return [
        Figure(
            "a Partner's requests beside a hostile Partner, p95",
            "ms",
            2.0,
            "at most",
            attacked.p95(),
            note,
            details,
            floor=floor,
            target_of="ratio",
        ),
        Figure("of these, requests that failed", "", 0, "at most", quiet.failed + attacked.failed),
    ]


class _Hostile(NamedTuple):
    """The Partner that attacks: its admin, its real machine, and what its attack knows."""

    admin: Rest
    agent_id: str
    facts: Facts


def _work(stack: Stack) -> _Work:
    """A technician's requests, one after the other."""
    rest, failed = stack.rest, 0
    order = {"agent_ids": [stack.agent_id], "shell": "sh", "script": "true", "timeout_s": 20}
    acts: dict[str, Callable[[], Any]] = {
        "list": lambda: rest.get("/agents?limit=50"),
        "overview": lambda: rest.get("/overview"),
        "write": lambda: rest.post("/clients", {"name": f"Client {time.time_ns()}"}),
        "command": lambda: rest.post("/commands", order),
    }
    took: dict[str, list[float]] = {kind: [] for kind in acts}
    for _ in range(_ROUNDS):
        for kind, act in acts.items():
            began = time.perf_counter()
            try:
                act()
            except (Refused, OSError):
                failed += 1
            took[kind].append((time.perf_counter() - began) * 1000)
            time.sleep(_PAUSE_S)
    return _Work(took, failed)


@contextmanager
def _hostile(stack: Stack) -> Iterator[_Hostile]:
    """A second Partner with machines, and terminals on a real one."""
    admin = _partner(stack)
    me = admin.get("/auth/me").body
    targets = asyncio.run(_machines(stack, me["tenant_id"]))
    with agents(stack, 1, admin, nice=15) as (agent_id,):
        facts = Facts(
            url=stack.url,
            port=admin.port,
            gateway_port=_gateway_port(stack),
            token=admin.token,
            victim=stack.rest.get("/auth/me").body["email"],
            agent_ids=targets,
            terminals=[],
            means=[],
        )
        yield _Hostile(admin, agent_id, facts)
    admin.close()


def _partner(stack: Stack) -> Rest:
    """An admin of a new Partner, made as an operator makes one."""
    command = [sys.executable, "-m", "gururmm_server", "admin", "create", "--email", "root@bench.example"]
    made = subprocess.run(
        [*command, "--data", str(stack.data)], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    root = _accept(stack, made.split()[-1], "root@bench.example")
    created = root.post("/platform/partners", {"name": "Hostile IT", "admin_email": "admin@hostile.example"}).body
    root.close()
    admin = _accept(stack, created["invitation_url"], "admin@hostile.example")
    client = admin.post("/clients", {"name": "Lair"}).body
    admin.post("/sites", {"client_id": client["id"], "name": "Cellar"})
    return admin


def _accept(stack: Stack, link: str, email: str) -> Rest:
    token = link.strip().rpartition("/")[2]
    stack.rest.post_unsigned(f"/auth/invitation/{token}", {"name": "Mallory", "password": _PASSWORD})
    return Rest(stack.url, email, _PASSWORD)


async def _machines(stack: Stack, tenant_id: str) -> list[str]:
    connection = await asyncpg.connect(stack.database_url)
    try:
        made = await Seeder(connection).machines(tenant_id, _MACHINES, seed="hostile")
    finally:
        await connection.close()
    return [identity.agent_id.hex() for _, identity in made if identity.agent_id is not None]


def _gateway_port(stack: Stack) -> int:
    """Where agents connect, as hello says it."""
    hello = stack.rest.post_unsigned("/bootstrap/hello", {"protocol_version": 2}).body
    return int(str(hello["gateway_url"]).rpartition(":")[2].partition("/")[0])


@contextmanager
def _attack(stack: Stack, hostile: _Hostile) -> Iterator[Callable[[], str]]:
    """The attack, once it is under way; what is yielded says what it has done so far."""
    folder = stack.scratch("hostile")
    hostile.admin.renew()
    terminals = [open_terminal(hostile.admin, hostile.agent_id) for _ in range(_TERMINALS)]
    facts = replace(hostile.facts, terminals=terminals, token=hostile.admin.token)
    (folder / "facts.json").write_text(json.dumps(asdict(facts)), encoding="utf-8")
    said = folder / "said"
    with said.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "gururmm_bench.hostile", str(folder / "facts.json")],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=(folder / "errors").open("wb"),
        )

    def done() -> str:
        lines = said.read_text(encoding="utf-8").splitlines()
        return ", ".join(f"{count} {what}" for what, count in sorted(json.loads(lines[-1]).items())) if lines else ""

    try:
        deadline = time.monotonic() + _UNDER_WAY_S
        while said.read_bytes().count(b"\n") < _SETTLED or not done():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the attack is not under way: {(folder / 'errors').read_text()[-2000:]}")
            time.sleep(0.2)
        yield done
        if process.poll() is not None:
            raise RuntimeError(f"the attack ended: {(folder / 'errors').read_text()[-2000:]}")
    finally:
        process.kill()
        process.wait()
