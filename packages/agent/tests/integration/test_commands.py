"""Commands on a real agent."""

import os
import time
from typing import Any

from gururmm_wire.v2.agent import CommandAccepted, CommandOutput, CommandResult, Goodbye
from gururmm_wire.v2.server import CancelCommand, ResultAck, RunCommand


def command(script: str, *, shell: str = "sh", timeout_s: int = 30) -> RunCommand:
    return RunCommand(os.urandom(16), shell, script, timeout_s)


def output(gateway: Any, run: RunCommand, stream: int = 1) -> bytes:
    chunks = {c.seq: c for c in gateway.of(CommandOutput, command_id=run.command_id)}
    return b"".join(chunks[seq].data for seq in sorted(chunks) if chunks[seq].stream == stream)


async def result_of(gateway: Any, run: RunCommand, timeout: float = 15) -> CommandResult:
    return await gateway.wait_for(CommandResult, command_id=run.command_id, timeout=timeout)


async def carried_out(gateway: Any, run: RunCommand) -> None:
    """Run a command to its end."""
    gateway.say(run)
    assert (await result_of(gateway, run)).outcome == "succeeded"


async def test_a_script_runs_and_reports_both_streams(gateway, agent):
    await agent.start()
    run = command("echo out; echo err >&2; exit 3")
    gateway.say(run)
    result = await result_of(gateway, run)
    assert (result.outcome, result.exit_code, result.dropped_bytes) == ("failed", 3, 0)
    assert output(gateway, run) == b"out\n"
    assert output(gateway, run, 2) == b"err\n"
    assert result.chunks == len(gateway.of(CommandOutput, command_id=run.command_id))
    assert gateway.of(CommandAccepted, command_id=run.command_id)


async def test_every_shell_runs_and_an_unknown_one_is_refused(gateway, agent):
    await agent.start()
    runs = [
        command("echo $((40+2))"),
        command("a=(42); echo ${a[0]}", shell="bash"),
        command("print(6*7)", shell="python3"),
    ]
    for run in runs:
        gateway.say(run)
    for run in runs:
        assert (await result_of(gateway, run)).outcome == "succeeded"
        assert output(gateway, run) == b"42\n"
    unknown = command("x", shell="powershell")
    gateway.say(unknown)
    result = await result_of(gateway, unknown)
    assert result.outcome == "failed"
    assert "powershell" in result.message


async def test_the_same_id_never_runs_twice(gateway, agent, tmp_path):
    await agent.start()
    counter = tmp_path / "count"
    run = command(f"echo x >> {counter}; echo done")
    gateway.say(run)
    await result_of(gateway, run)
    gateway.say(run)
    await gateway.wait_for(CommandResult, command_id=run.command_id, count=2)
    gateway.say(ResultAck(run.command_id))
    gateway.say(run)
    await gateway.wait_for(CommandResult, command_id=run.command_id, count=3)
    await agent.kill()
    await agent.start()
    gateway.say(run)
    await gateway.wait_for(CommandResult, command_id=run.command_id, count=4)
    assert counter.read_text() == "x\n"


async def test_results_are_kept_until_acknowledged(gateway, agent):
    await agent.start()
    run = command("sleep 0.5; echo late")
    gateway.say(run)
    await gateway.wait_for(CommandAccepted, command_id=run.command_id)
    gateway.drop()
    await gateway.welcomed.wait()
    await result_of(gateway, run)
    assert output(gateway, run) == b"late\n"
    gateway.messages.clear()
    gateway.drop()
    await gateway.welcomed.wait()
    await result_of(gateway, run)
    assert output(gateway, run) == b"late\n"
    gateway.say(ResultAck(run.command_id))
    await gateway.understood()
    gateway.messages.clear()
    gateway.drop()
    await gateway.welcomed.wait()
    await carried_out(gateway, command("true"))  # what was kept is sent before anything new
    assert not gateway.of(CommandResult, command_id=run.command_id)


async def test_kill_9_of_the_agent_mid_command_ends_the_tree_and_reports_interrupted(
    gateway, agent, tmp_path, is_alive
):
    await agent.start()
    pids = tmp_path / "pids"
    run = command(f"echo before; setsid sleep 300 & echo $! > {pids}; echo $$ >> {pids}; wait; sleep 300")
    gateway.say(run)
    await gateway.wait_until(
        lambda: output(gateway, run) == b"before\n" and pids.exists() and pids.read_text().count("\n") == 2
    )
    await agent.kill()
    await agent.start()
    result = await result_of(gateway, run)
    assert (result.outcome, result.exit_code, result.chunks) == ("failed", None, 1)
    assert "interrupted" in result.message
    assert not any(is_alive(int(pid)) for pid in pids.read_text().split())


async def test_cancel_kills_the_whole_tree(gateway, agent, tmp_path, is_alive):
    await agent.start()
    pids = tmp_path / "pids"
    script = (
        f"trap '' TERM; setsid sh -c 'echo $$ >> {pids}; sleep 300' & "
        f"(sleep 300 & echo $! >> {pids}; wait) & sleep 0.3; echo ready; wait"
    )
    run = command(script)
    gateway.say(run)
    await gateway.wait_until(lambda: output(gateway, run) == b"ready\n")
    gateway.say(CancelCommand(run.command_id))
    result = await result_of(gateway, run)
    assert result.outcome == "cancelled"
    assert len(pids.read_text().split()) == 2
    assert not any(is_alive(int(pid)) for pid in pids.read_text().split())


async def test_a_command_over_its_time_is_ended(gateway, agent):
    await agent.start()
    run = command("echo a; sleep 60", timeout_s=1)
    gateway.say(run)
    result = await result_of(gateway, run)
    assert result.outcome == "timed_out"
    assert 900 < result.duration_ms < 4000
    assert output(gateway, run) == b"a\n"


async def test_a_passed_deadline_and_an_early_cancel_never_start(gateway, agent, tmp_path):
    await agent.start()
    late = command(f"touch {tmp_path}/late")
    gateway.say(gateway.order(late, not_after=int(time.time()) - 60))
    result = await result_of(gateway, late)
    assert (result.outcome, result.exit_code) == ("expired", None)
    assert result.message.startswith("its deadline had passed 6")
    early = command(f"touch {tmp_path}/early")
    gateway.say(CancelCommand(early.command_id))
    gateway.say(early)
    assert (await result_of(gateway, early)).outcome == "cancelled"
    await carried_out(gateway, command("true"))
    assert not list(tmp_path.glob("late")) + list(tmp_path.glob("early"))


async def test_output_is_live_bounded_and_binary_safe(gateway, agent):
    await agent.start()
    run = command("head -c 3000000 /dev/zero; echo tail", timeout_s=30)
    gateway.say(run)
    result = await result_of(gateway, run)
    assert len(output(gateway, run)) == 1024 * 1024
    assert result.dropped_bytes == 3000000 + 5 - 1024 * 1024
    live = command("printf one; sleep 1; printf two")
    gateway.say(live)
    await gateway.wait_until(lambda: output(gateway, live) == b"one", timeout=0.9)
    await result_of(gateway, live)
    assert output(gateway, live) == b"onetwo"


async def test_many_commands_share_eight_places(gateway, agent, tmp_path):
    await agent.start()
    go_on = tmp_path / "go-on"
    runs = [command(f"echo here; until [ -e {go_on} ]; do sleep 0.02; done") for _ in range(20)]
    for run in runs:
        gateway.say(run)
    await gateway.wait_until(lambda: sum(output(gateway, run) == b"here\n" for run in runs) >= 8)
    await gateway.understood()
    assert len({accepted.command_id for accepted in gateway.of(CommandAccepted)}) == 8
    go_on.touch()
    for run in runs:
        assert (await result_of(gateway, run)).outcome == "succeeded"


async def test_sigterm_says_goodbye_and_reports_running_commands(gateway, agent):
    await agent.start()
    run = command("echo running; sleep 60")
    gateway.say(run)
    await gateway.wait_until(lambda: output(gateway, run) == b"running\n")
    assert await agent.terminate() == 0
    assert "interrupted" in (await result_of(gateway, run)).message
    assert gateway.of(Goodbye)
