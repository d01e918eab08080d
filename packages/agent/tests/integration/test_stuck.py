"""A file system that does not answer holds up what touches it, and nothing else. Needs root and /dev/fuse."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from gururmm_agent.adapters.linux.reach import reach
from gururmm_wire.v2.agent import Answer, CommandOutput, CommandResult
from gururmm_wire.v2.server import CancelCommand, Query, RunCommand

from packages.agent.tests.dead_mount import can_be_mounted, dead_mount

pytestmark = pytest.mark.skipif(
    not can_be_mounted() and not os.environ.get("CI"), reason="only root can mount what never answers"
)


def touching(mount: Path, timeout_s: int) -> RunCommand:
    return RunCommand(os.urandom(16), "sh", f"echo here; cat {mount}/file; echo never", timeout_s)


async def ended(gateway: Any, run: RunCommand) -> CommandResult:
    return await gateway.wait_for(CommandResult, command_id=run.command_id, timeout=60)


async def test_a_command_that_cannot_be_killed_ends_and_says_so(gateway, agent, tmp_path, is_alive):
    await agent.start()
    with dead_mount(tmp_path / "dead") as mount:
        runs = [touching(mount, 1) for _ in range(8)]
        cancelled = touching(mount, 3600)
        for run in (*runs, cancelled):
            gateway.say(run)
        for run in runs:
            result = await ended(gateway, run)
            assert result.outcome == "timed_out"
            words = (
                r"ended after its time limit of 1 s; cannot be killed and still lives: process (\d+) \(cat\): it waits "
            )
            found = re.match(words, result.message)
            assert found, result.message
            assert is_alive(int(found[1]))
        await gateway.wait_for(CommandOutput, command_id=cancelled.command_id)
        gateway.say(CancelCommand(cancelled.command_id))
        result = await ended(gateway, cancelled)
        assert result.outcome == "cancelled"
        assert "(cat): it waits in the kernel" in result.message
        after = RunCommand(os.urandom(16), "sh", "echo fine", 30)
        gateway.say(after)
        assert (await ended(gateway, after)).outcome == "succeeded"


async def test_those_that_are_stuck_give_their_places_up(gateway, agent, tmp_path):
    await agent.start()
    with dead_mount(tmp_path / "dead") as mount:
        runs = [touching(mount, 3600) for _ in range(16)]
        for run in runs:
            gateway.say(run)
        after = RunCommand(os.urandom(16), "sh", "echo fine", 30)
        gateway.say(after)
        assert (await ended(gateway, after)).outcome == "succeeded"
        assert not gateway.of(CommandResult, outcome="timed_out")
    for run in runs:  # what they waited for is gone, and they go on
        await ended(gateway, run)


async def test_questions_about_a_dead_path_hold_up_no_other(gateway, agent, tmp_path):
    await agent.start()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_bytes(b"x" * 10_000)
    with dead_mount(tmp_path / "dead") as mount:
        dead = [Query(os.urandom(16), "folders", {"path": str(mount / "some" / "where")}) for _ in range(12)]
        around = Query(os.urandom(16), "folders", {"path": str(tmp_path)})
        others = [Query(os.urandom(16), kind) for kind in ("processes", "temperatures")]
        for query in (*dead, around, *others):
            gateway.say(query)
        for query in others:
            assert (await gateway.wait_for(Answer, query_id=query.query_id, timeout=20)).ok
        for query in dead:
            answer = await gateway.wait_for(Answer, query_id=query.query_id, timeout=60)
            assert (answer.ok, answer.message) == (False, f"the file system at {mount} does not answer")
        answer = await gateway.wait_for(Answer, query_id=around.query_id, timeout=60)
        sizes = {item["name"]: item["bytes"] for item in answer.data["items"]}
        assert sizes["full"] >= 10_000
        assert sizes["dead"] == 0


def test_a_file_system_is_asked_once_while_it_does_not_answer(tmp_path):
    with dead_mount(tmp_path / "dead") as mount:
        for _ in range(100):
            with pytest.raises(OSError, match=f"the file system at {mount} does not answer"):
                reach(str(mount / "some" / "where"))
        reach(str(tmp_path))
    reach(str(mount / "some" / "where"))
