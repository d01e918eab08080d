"""Commands on a real agent."""

import os
import pwd
import signal
import time
from typing import Any

import pytest
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
    run = command("echo head; head -c 3000000 /dev/zero; echo tail", timeout_s=30)
    gateway.say(run)
    result = await result_of(gateway, run)
    said = output(gateway, run)
    assert len(said) == 1024 * 1024
    assert said.startswith(b"head\n\0")
    assert said.endswith(b"\0tail\n")
    assert result.dropped_bytes == 3000000 + 10 - 1024 * 1024
    assert sum(chunk.skipped for chunk in gateway.of(CommandOutput, command_id=run.command_id)) == result.dropped_bytes
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


def told(gateway: Any, run: RunCommand) -> list[tuple[int, bytes]]:
    """What it said on both streams, in its order; neighbours of one stream as one."""
    runs: list[tuple[int, bytes]] = []
    for chunk in sorted(gateway.of(CommandOutput, command_id=run.command_id), key=lambda chunk: chunk.seq):
        if runs and runs[-1][0] == chunk.stream:
            runs[-1] = (chunk.stream, runs[-1][1] + chunk.data)
        else:
            runs.append((chunk.stream, chunk.data))
    return runs


async def test_both_streams_arrive_in_the_order_they_were_written(gateway, agent):
    await agent.start()
    quick = command("echo a; echo b >&2; echo c; echo d >&2")
    many = command("for i in $(seq 500); do echo out $i; echo err $i >&2; done", shell="bash")
    python = command(
        "import sys\nfor i in range(100): print('out', i); print('err', i, file=sys.stderr)", shell="python3"
    )
    for run in (quick, many, python):
        gateway.say(run)
    for run in (quick, many, python):
        assert (await result_of(gateway, run)).outcome == "succeeded"
    assert told(gateway, quick) == [(1, b"a\n"), (2, b"b\n"), (1, b"c\n"), (2, b"d\n")]
    for run, numbers in ((many, range(1, 501)), (python, range(100))):
        expected = [turn for i in numbers for turn in ((1, b"out %d\n" % i), (2, b"err %d\n" % i))]
        assert told(gateway, run) == expected


async def test_what_python_prints_is_seen_at_once(gateway, agent):
    await agent.start()
    script = "import time\nfor i in range(60): print('step', i); time.sleep(1)"
    for run in (
        command(script, shell="python3", timeout_s=5),
        command(f"python3 - <<'END'\n{script}\nEND", timeout_s=5),
    ):
        gateway.say(run)
        await gateway.wait_until(lambda run=run: output(gateway, run) == b"step 0\nstep 1\n", timeout=10)
        gateway.say(CancelCommand(run.command_id))
        assert (await result_of(gateway, run)).outcome == "cancelled"


async def test_beginning_and_end_of_a_long_output_are_kept(gateway, agent):
    await agent.start()
    run = command("seq 40000; echo FATAL >&2; exit 7")
    long = command("echo first >&2; seq 400000; echo FATAL >&2; exit 7")
    for each in (run, long):
        gateway.say(each)
    for each in (run, long):
        result = await result_of(gateway, each)
        assert (result.outcome, result.exit_code) == ("failed", 7)
        assert told(gateway, each)[-1] == (2, b"FATAL\n")
    assert output(gateway, run) == b"".join(b"%d\n" % i for i in range(1, 40001))
    whole = b"".join(b"%d\n" % i for i in range(1, 400001))
    chunks = sorted(gateway.of(CommandOutput, command_id=long.command_id), key=lambda chunk: chunk.seq)
    place = next(i for i, chunk in enumerate(chunks) if chunk.skipped)
    head = b"".join(chunk.data for chunk in chunks[:place] if chunk.stream == 1)
    tail = b"".join(chunk.data for chunk in chunks[place:] if chunk.stream == 1)
    assert whole.startswith(head)
    assert whole.endswith(tail)
    assert len(head) + chunks[place].skipped + len(tail) == len(whole)
    assert output(gateway, long, 2) == b"first\nFATAL\n"


async def test_a_background_job_outlives_its_command_and_loses_nothing(gateway, agent, tmp_path):
    await agent.start()
    file, go_on = tmp_path / "f", tmp_path / "go-on"
    run = command(
        "(for i in 1 2 3 4 5 6 7 8; do echo tick $i; "
        f"echo $i >>{file}; until [ -e {go_on} ]; do sleep .01; done; done) & echo started"
    )
    gateway.say(run)
    result = await result_of(gateway, run)
    assert (result.outcome, result.exit_code) == ("succeeded", 0)
    assert b"started\n" in output(gateway, run)
    go_on.touch()
    await gateway.wait_until(lambda: file.exists() and file.read_text() == "1\n2\n3\n4\n5\n6\n7\n8\n")


async def test_what_was_put_in_the_background_outlives_the_agent(gateway, agent, tmp_path, is_alive):
    """Where the agent is a plain process; tests/install does the same with systemd."""
    await agent.start()
    pids, go_on, done = tmp_path / "pids", tmp_path / "go-on", tmp_path / "done"
    run = command(
        f"nohup sleep 311 >/dev/null 2>&1 & echo $! >>{pids}; setsid sleep 322 & echo $! >>{pids}; "
        f"(until [ -e {go_on} ]; do sleep .01; done; seq 50000; touch {done}) &"
    )
    gateway.say(run)
    assert (await result_of(gateway, run)).outcome == "succeeded"
    background = [int(pid) for pid in pids.read_text().split()]
    try:
        for stop in (agent.kill, agent.terminate):
            gateway.welcomed.clear()
            await stop()
            assert all(map(is_alive, background))
            await agent.start()
        go_on.touch()
        await gateway.wait_until(done.exists)
    finally:
        for pid in background:
            os.kill(pid, signal.SIGKILL)


ESCAPES = {
    "its environment, its session and the signal": (
        "env -i PATH=$PATH setsid -w sh -c 'trap \"\" TERM; echo $$ >{pid}; while :; do sleep 7104; done'"
    ),
    "all that and its parents": (
        "(env -i PATH=$PATH setsid sh -c 'trap \"\" TERM; echo $$ >{pid}; while :; do sleep 7104; done' "
        ">/dev/null 2>&1 &); sleep 7105"
    ),
}


@pytest.mark.parametrize("script", ESCAPES.values(), ids=ESCAPES)
async def test_who_escaped_its_command_is_dead_after_a_cancel(gateway, agent, tmp_path, is_alive, script):
    await agent.start()
    pid = tmp_path / "pid"
    run = command(script.format(pid=pid))
    gateway.say(run)
    await gateway.wait_until(lambda: pid.exists() and pid.read_text())
    gateway.say(CancelCommand(run.command_id))
    result = await result_of(gateway, run)
    assert (result.outcome, result.message) == ("cancelled", "cancelled")
    assert not is_alive(int(pid.read_text()))


async def test_a_script_runs_as_on_the_desktop_it_was_written_on(gateway, agent):
    await agent.start()
    runs = [
        command("if true; then\r\n  echo crlf\r\nfi\r\n"),
        command("\ufeffecho bom"),
        command("\ufeffprint('both')\r\n", shell="python3"),
        command("#!/usr/bin/env python3\r\nimport sys\r\nprint('own', sys.argv[1:])\r\n"),
        command("#!/bin/bash -e\na=(own); echo ${a[0]}; false; echo not this"),
    ]
    for run in runs:
        gateway.say(run)
    for run, said in zip(runs, (b"crlf\n", b"bom\n", b"both\n", b"own []\n", b"own\n"), strict=True):
        result = await result_of(gateway, run)
        assert output(gateway, run) == said, result
        assert output(gateway, run, 2) == b""
    gateway.say(missing := command("#!/no/such/interpreter\necho x"))
    result = await result_of(gateway, missing)
    assert (result.outcome, result.message) == (
        "failed",
        "the script is for /no/such/interpreter, which is not on this machine",
    )


async def test_a_command_has_the_environment_of_a_login(gateway, agent):
    await agent.start()
    user = pwd.getpwuid(os.getuid())
    run = command('set -u; echo "$USER $LOGNAME $HOME $SHELL"; pwd; echo $PATH; env', shell="bash")
    gateway.say(run)
    assert (await result_of(gateway, run)).outcome == "succeeded"
    who, where, path, *names = output(gateway, run).decode().splitlines()
    assert who == f"{user.pw_name} {user.pw_name} {user.pw_dir} {user.pw_shell or '/bin/sh'}"
    assert where == user.pw_dir
    assert {"/usr/bin", "/bin"} <= set(path.split(":"))
    assert not [name for name in names if name.startswith(("GURURMM_SITE_CODE", "PYTEST", "VIRTUAL_ENV"))]


async def test_a_signal_that_ends_a_command_has_words(gateway, agent):
    await agent.start()
    run = command("kill -9 $$")
    gateway.say(run)
    result = await result_of(gateway, run)
    assert (result.outcome, result.exit_code) == ("failed", -9)
    assert result.message == "killed (SIGKILL): by somebody, or by the system when memory ran out"
