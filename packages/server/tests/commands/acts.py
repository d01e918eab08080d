"""Queueing a command by the API, and ending it as its machine would, for tests."""

from typing import Any

import httpx
from gururmm_server.core.commands import schemas
from gururmm_server.infra.database import Database

from packages.server.tests.world import described


async def queue(client: httpx.AsyncClient, *agent_ids: Any, **more: Any) -> list[dict[str, Any]]:
    body = {"agent_ids": [str(agent_id) for agent_id in agent_ids], "shell": "sh", "script": "uptime", **more}
    answer = await client.post("/commands", json=body)
    assert answer.status_code == 201, answer.text
    described(schemas.CommandList, answer.content)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def finish(db: Database, command_id: str, status: str = "succeeded", output: bytes = b"") -> None:
    async with db.ingest() as tx:
        if output:
            await tx.execute(
                "insert into core.command_output (tenant_id, command_id, seq, stream, data)"
                " select tenant_id, command_id, 0, 1, $2 from core.commands where command_id = $1",
                command_id,
                output,
            )
        await tx.execute(
            "update core.commands set status = $2, exit_code = 0, finished_at = now(), started_at = now(),"
            " duration_ms = 5 where command_id = $1",
            command_id,
            status,
        )
