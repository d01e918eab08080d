"""kill -9 of each process while a command runs and a terminal is open: back within 15 s, nothing lost or run twice."""

import os
import signal
import time
from pathlib import Path
from uuid import uuid4

import pytest
from product import Api, Product, Terminal, until

pytestmark = pytest.mark.takes(8)

VICTIMS = ["agent", "gateway", "api", "worker", "nats", "postgres"]
BACK_S = 15


def kill(product: Product, name: str) -> None:
    """kill -9 one process of that kind, and wait until another one stands in its place."""
    if product.external is not None and name in {"nats", "postgres"}:
        product.external.kill(name)
        return
    pids = product.pids()
    full = next(full for full in pids if full == name or full.startswith(f"{name}-"))
    os.kill(pids[full], signal.SIGKILL)
    until(lambda: product.pids().get(full, pids[full]) != pids[full], BACK_S)


@pytest.mark.parametrize("victim", VICTIMS)
async def test_kill_nine(product: Product, api: Api, tmp_path: Path, victim: str) -> None:
    marks, may_end = tmp_path / "marks", tmp_path / "may-end"
    terminal = await Terminal.open(api, product.agent_id)
    await terminal.type(b"PS1='$ '; echo be''fore\r")
    await terminal.expect(b"before")
    script = f"echo ran >> {marks}; until [ -e {may_end} ]; do sleep 0.05; done; echo done"
    running = api.run(product.agent_id, script)
    until(marks.exists, 5)

    kill(product, victim)
    started = time.monotonic()
    key = str(uuid4())
    queued = until(lambda: _try_run(api, product.agent_id, f"echo again >> {marks}; echo fine", key), BACK_S)
    after = api.finished(queued, BACK_S)
    assert (after["status"], after["stdout"]) == ("succeeded", "fine\n")
    may_end.touch()
    first = api.finished(running, BACK_S)
    if victim == "agent":
        # The agent died with its command: that is said, and it is not run again.
        assert first["status"] == "failed"
        assert "interrupted" in first["message"]
    else:
        assert (first["status"], first["stdout"]) == ("succeeded", "done\n")
        await terminal.type(b"echo af''ter\r")
        await terminal.expect(b"after", BACK_S)
        assert terminal.output.count(b"after") == 1
    assert time.monotonic() - started < BACK_S + 5
    await terminal.close()
    assert sorted(marks.read_text().split()) == ["again", "ran"]

    verdict = until(lambda: api.get("/audit/verify"), BACK_S)
    assert verdict["ok"], verdict
    typed = api.get("/audit", session_id=terminal.session_id, operation="terminal.input", limit=200)["items"]
    assert "be''fore" in "".join(row["input"] for row in typed)
    until(lambda: _completed(api, queued), BACK_S)


def _try_run(api: Api, agent_id: str, script: str, key: str) -> str | None:
    try:
        return api.run(agent_id, script, key)
    except AssertionError:
        return None  # 503 while PostgreSQL restarts; should it have been queued, the key finds it


def _completed(api: Api, command_id: str) -> bool:
    """The event of its completion went through outbox and stream into the feed."""
    events = api.get("/events", name="command.completed", limit=200)["items"]
    return command_id in [event["subject_id"] for event in events]
