"""What seeing some Clients instead of all costs: a count over a Partner's machines in scopes of ever more Clients."""

import asyncio
import time
import uuid
from typing import Any, Final

import asyncpg

from gururmm_bench.bench import Bench
from gururmm_bench.figures import Figure, Floor, quantile

_MACHINES: Final = 10_000
_CLIENTS: Final = 5_000
_LISTS: Final = (1, 50, 500, 5_000)
_ROUNDS: Final = 60
_COUNT: Final = "select count(*) from core.agents a join core.agent_state s on s.agent_id = a.agent_id"


def measure(bench: Bench) -> list[Figure]:
    """A Partner with 10,000 machines under 5,000 Clients, counted as the product's own role counts."""
    medians = asyncio.run(_measure(bench.stack.database_url))
    floor = Floor("the same query for every Client, p50", "ms", medians.pop(0))
    details: dict[str, float | str] = {f"{size} Clients ms": value for size, value in medians.items()}
    note = f"the worst of {len(medians)} lists; medians of {_ROUNDS} whole transactions taken in turns"
    worst, name = max(medians.values()), "a query narrowed to Clients, p50"
    return [Figure(name, "ms", 1.2, "at most", worst, note, details, floor, "ratio")]


async def _measure(database_url: str) -> dict[int, float]:
    """Median milliseconds of the count by the length of the list; 0 is no list."""
    connection = await asyncpg.connect(database_url, server_settings={"jit": "off"})
    try:
        tenant_id = uuid.uuid4()
        clients = await _planted(connection, tenant_id)
        times: dict[int, list[float]] = {size: [] for size in (0, *_LISTS)}
        told = {size: await _bits(connection, tenant_id, clients[:size]) if size else "*" for size in times}
        for _ in range(_ROUNDS):
            for size, taken in times.items():
                taken.append(await _count(connection, tenant_id, told[size]))
    finally:
        await connection.close()
    return {size: quantile(taken, 0.5) * 1000 for size, taken in times.items()}


async def _bits(connection: Any, tenant_id: uuid.UUID, clients: list[uuid.UUID]) -> str:
    """What the product tells the policies for these Clients; it remembers that, so it is not in the time."""
    async with connection.transaction():
        await connection.execute(
            f"set local role gururmm_app; set local gururmm.tenant_id = '{tenant_id}'; set local gururmm.clients = '*'"
        )
        rows = await connection.fetch("select core.client_numbers($1::uuid[])", clients)
    bits = bytearray(_CLIENTS // 8 + 1)
    for (number,) in rows:
        bits[number // 8] |= 1 << number % 8
    return bits.hex()


async def _count(connection: Any, tenant_id: uuid.UUID, clients: str) -> float:
    began = time.perf_counter()
    await connection.execute(
        f"begin; set local role gururmm_app; set local gururmm.tenant_id = '{tenant_id}';"
        f" set local gururmm.clients = '{clients}'"
    )
    await connection.fetchval(_COUNT)
    await connection.execute("commit")
    return time.perf_counter() - began


async def _planted(connection: Any, tenant_id: uuid.UUID) -> list[uuid.UUID]:
    """The ids of the Clients, each with one Site and two machines."""
    clients = [uuid.uuid4() for _ in range(_CLIENTS)]
    sites = [uuid.uuid4() for _ in range(_CLIENTS)]
    machines = [uuid.uuid4() for _ in range(_MACHINES)]
    async with connection.transaction():
        await connection.execute("set local role gururmm_platform")
        await connection.execute("insert into core.tenants (tenant_id, name) values ($1, 'Many Clients')", tenant_id)
    async with connection.transaction():
        await connection.execute(
            f"set local role gururmm_app; set local gururmm.tenant_id = '{tenant_id}'; set local gururmm.clients = '*'"
        )
        await connection.execute(
            "insert into core.clients (tenant_id, client_id, name)"
            " select $1, c, 'Client ' || n from unnest($2::uuid[]) with ordinality as t(c, n)",
            tenant_id,
            clients,
        )
        await connection.execute(
            "insert into core.sites (tenant_id, site_id, client_id, name)"
            " select $1, s, c, 'Office' from unnest($2::uuid[], $3::uuid[]) as t(s, c)",
            tenant_id,
            sites,
            clients,
        )
        placed = [machines, clients * 2, sites * 2]
        await connection.execute(
            "insert into core.agents (tenant_id, agent_id, client_id, site_id, client_name, site_name, public_key,"
            " hostname) select $1, a, c, s, 'Client', 'Office', sha256(a::text::bytea), 'pc-' || n"
            " from unnest($2::uuid[], $3::uuid[], $4::uuid[]) with ordinality as t(a, c, s, n)",
            tenant_id,
            *placed,
        )
        await connection.execute(
            "insert into core.agent_state (tenant_id, agent_id, client_id)"
            " select $1, a, c from unnest($2::uuid[], $3::uuid[]) as t(a, c)",
            tenant_id,
            *placed[:2],
        )
    return clients
