"""The fleet's table at 100,000 machines: what a tech waits for when paging, sorting and searching."""

import asyncio
import time
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

import asyncpg

from gururmm_bench.bench import Bench
from gururmm_bench.figures import Figure, quantile
from gururmm_bench.stack import Stack

_SETTLE_LIMIT_S: Final = 125.0
_ROUNDS: Final = 12
_SORTS: Final = ("hostname", "-hostname", "-cpu", "-memory", "disk", "-last_seen", "os", "client", "site", "status")
_QUERIES: Final = (
    *("name:LAP-00", "os:windows", "os:debian or os:ubuntu", "user:fischer", "serial:0042", "client:alder"),
    *("site:warehouse", "model:optiplex", "processor:intel", "arch:x86", "ram:<=8gb", "ram:16gb..64gb", "cores:>=4"),
    *("ip:10.23.0.0/16", "mac:a4:bb", "version:<9", "enrolled:<30d", "online:false", "seen:>1h", "cpu:>50%"),
    *("memory:>50%", "disk:>90%", "uptime:>1d", "problem:any", "not os:windows", "not (online:true or disk:>50%)"),
    "os:windows ram:<=16gb disk:>30% not online:true (site:warehouse or user:fischer) seen:>1h",
)
_SEARCHES: Final = ("S01-LAP-00", "0042", "10.23.1", "windows", "debian", "a4:bb:6d", "fischer", "PowerEdge", "nowhere")


def measure(bench: Bench) -> list[Figure]:
    """100,000 agents in the database, 10,000 of them in the Partner that asks."""
    stack = bench.stack
    bench.population.everybody()
    asyncio.run(_settled(stack.database_url))
    kinds = {"page": _pages(stack), "sort": _sorts(stack), "search": _searches(stack)}
    milliseconds = {kind: [seconds * 1000 for seconds in times] for kind, times in kinds.items()}
    details: dict[str, float | str] = {}
    for kind, values in milliseconds.items():
        details |= {f"{kind} p50 ms": quantile(values, 0.5), f"{kind} p95 ms": quantile(values, 0.95)}
    worst = max(quantile(values, 0.95) for values in milliseconds.values())
    note = "the worst of the three p95; answers of 50 rows with their total"
    table = Figure("fleet table at 100,000 agents: page, sort, search, p95", "ms", 25, "at most", worst, note, details)
    return [table, _query_language(stack)]


def _query_language(stack: Stack) -> Figure:
    """Each field alone, and several together; the software of machines is not planted here."""
    by_query: dict[str, list[float]] = {query: [] for query in _QUERIES}
    for _ in range(_ROUNDS):
        for query, times in by_query.items():
            answer = stack.rest.get(f"/agents?limit=50&q={quote(query)}")
            assert answer.body["total"] >= len(answer.body["items"]), query
            times.append(answer.seconds * 1000)
    every = [each for times in by_query.values() for each in times]
    worst = max(by_query, key=lambda query: quantile(by_query[query], 0.95))
    details: dict[str, float | str] = {
        "p50 ms": quantile(every, 0.5),
        "slowest": worst,
        "slowest p95 ms": quantile(by_query[worst], 0.95),
    }
    return Figure(
        "query language at 100,000 agents, 10,000 in the Partner, p95",
        "ms",
        20,
        "at most",
        quantile(every, 0.95),
        "every field, and several at once; answers of 50 rows with their total",
        details,
    )


def _pages(stack: Stack) -> Iterator[float]:
    for _ in range(_ROUNDS):
        cursor = ""
        for _ in range(6):
            answer = stack.rest.get(f"/agents?limit=50{cursor}")
            assert len(answer.body["items"]) == 50
            yield answer.seconds
            cursor = f"&cursor={quote(answer.body['next_cursor'])}"


def _sorts(stack: Stack) -> Iterator[float]:
    for _ in range(_ROUNDS):
        for sort in _SORTS:
            answer = stack.rest.get(f"/agents?limit=50&sort={sort}")
            assert answer.body["total"] > 10_000
            yield answer.seconds


def _searches(stack: Stack) -> Iterator[float]:
    for _ in range(_ROUNDS):
        for text in _SEARCHES:
            answer = stack.rest.get(f"/agents?limit=50&search={quote(text)}")
            assert (answer.body["total"] == 0) == (text in {"nowhere", "PowerEdge"}), text
            yield answer.seconds


async def _settled(database_url: str) -> None:
    """Wait until the database has vacuumed and analysed what was loaded, as it does by itself within two minutes."""
    query = """select count(*) from pg_stat_all_tables where schemaname = 'core'
               and relname in ('agents', 'agent_state')
               and last_autoanalyze is not null and last_autovacuum is not null"""
    connection = await asyncpg.connect(database_url)
    try:
        deadline = time.monotonic() + _SETTLE_LIMIT_S
        while await connection.fetchval(query) < 2 and time.monotonic() < deadline:
            await asyncio.sleep(1)
    finally:
        await connection.close()
