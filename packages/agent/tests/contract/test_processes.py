"""What `ports.Processes` owes, on every system that has an adapter."""

import os
from pathlib import Path

import pytest
from gururmm_agent.adapters.ports import Unsupported

from packages.agent.tests.contract.conftest import KITS, Kit, Started
from packages.server.tests.waiting import until


async def test_both_streams_arrive_before_the_exit_code(start: Started) -> None:
    program, heard = await start("speaks")
    assert await program.wait() == 3
    assert heard.streams == {1: b"out", 2: b"err"}


async def test_it_has_its_environment_its_directory_and_no_input(start: Started) -> None:
    program, heard = await start("tells", "WORD", WORD="said")
    assert await program.wait() == 0
    assert heard.streams[1].decode() == f"said {start.folder} 0"


async def test_much_output_arrives_whole_and_in_order(start: Started) -> None:
    count = 20_000
    program, heard = await start("floods", str(count * 64))
    assert await program.wait() == 0
    for stream in (1, 2):
        numbers = heard.streams[stream].split()
        assert [int(number) for number in numbers] == list(range(stream - 1, count, 2))


async def test_both_streams_keep_their_order(start: Started) -> None:
    program, heard = await start("turns", "3000")
    assert await program.wait() == 0
    assert heard.turns == [(2 if number % 3 == 0 else 1, b"%d\n" % number) for number in range(3000)]


async def test_what_is_not_there_is_not_started(kit: Kit) -> None:
    with pytest.raises((OSError, Unsupported)):
        await kit.adapters.processes.start(
            ["/no/such/program"], directory="/", environment=dict(os.environ), on_output=lambda *_: None
        )


async def test_an_identity_is_one_processs_own_and_ends_with_it(start: Started) -> None:
    processes = start.kit.adapters.processes
    one, one_heard = await start("sleeps")
    other, other_heard = await start("sleeps")
    await one_heard.until(b"ready")
    await other_heard.until(b"ready")
    first = processes.identity(one.pid)
    assert first is not None
    assert first == processes.identity(one.pid)
    assert f"{one.pid} {first}" != f"{other.pid} {processes.identity(other.pid)}"
    await processes.end_tree(one.pid, start.marker + "x", 0)
    await one.wait()
    assert processes.identity(one.pid) != first
    assert processes.identity(other.pid) is not None


async def test_rows_show_it_and_say_what_was_left_out(start: Started) -> None:
    program, heard = await start("sleeps")
    _, other = await start("sleeps")
    await heard.until(b"ready")
    await other.until(b"ready")
    rows, truncated = start.kit.adapters.processes.rows(100_000)
    assert program.pid in [row.pid for row in rows]
    assert not truncated
    rows, truncated = start.kit.adapters.processes.rows(1)
    assert (len(rows), truncated) == (1, True)


async def test_who_is_asked_ends_in_its_own_way(start: Started) -> None:
    program, heard = await start("goes")
    await heard.until(b"ready")
    await start.kit.adapters.processes.end_tree(program.pid, start.marker, 60)
    assert await program.wait() == 5
    assert heard.streams[1] == b"readybye"


async def test_without_grace_nobody_is_asked(start: Started) -> None:
    program, heard = await start("goes")
    await heard.until(b"ready")
    await start.kit.adapters.processes.end_tree(program.pid, start.marker, 0)
    assert await program.wait() != 5
    assert heard.streams[1] == b"ready"


async def test_who_refuses_is_killed(start: Started) -> None:
    program, heard = await start("refuses")
    await heard.until(b"ready")
    await start.kit.adapters.processes.end_tree(program.pid, start.marker, 0.2)
    assert start.kit.adapters.processes.identity(program.pid) is None
    assert await program.wait() != 0


@pytest.mark.parametrize("by", ["pid and marker", "marker"])
async def test_the_whole_tree_ends_and_nothing_else(start: Started, by: str) -> None:
    processes = start.kit.adapters.processes
    bystander = Started(start.kit, start.folder)
    neighbour, neighbour_heard = await bystander("sleeps")
    try:
        program, heard = await start("family")
        await neighbour_heard.until(b"ready")
        child = int((await heard.until(b"ready")).split()[0])
        assert processes.identity(child) is not None
        await processes.end_tree(program.pid if by != "marker" else None, start.marker, 0.2)
        assert processes.identity(child) is None
        assert processes.identity(program.pid) is None
        assert processes.identity(neighbour.pid) is not None
    finally:
        await bystander.leave_none()


async def test_children_are_found_without_the_marker(start: Started) -> None:
    processes = start.kit.adapters.processes
    program, heard = await start("family", marked=False)
    child = int((await heard.until(b"ready")).split()[0])
    await processes.end_tree(program.pid, start.marker, 0)
    assert processes.identity(child) is None
    await program.wait()


async def test_what_it_left_running_does_not_hold_its_end(start: Started) -> None:
    processes = start.kit.adapters.processes
    program, heard = await start("leaves")
    assert await program.wait() == 4
    child = int(heard.streams[1].split()[0])
    assert processes.identity(child) is not None
    await processes.end_tree(None, start.marker, 0)
    assert processes.identity(child) is None


async def test_what_it_left_running_goes_on_writing(start: Started, tmp_path: Path) -> None:
    begin, done = tmp_path / "begin", tmp_path / "done"
    program, heard = await start("leaves_talking", str(begin), str(done))
    assert await program.wait() == 4
    said = len(heard.turns)
    begin.touch()
    await until(done.exists)
    assert len(heard.turns) == said


ESCAPES = [(name, "escapes") for name in sorted(KITS)] + [("linux", "daemon")] * ("linux" in KITS)
"""A daemon is found by its output, which a machine in memory has none of."""


@pytest.mark.parametrize(("kit", "act"), ESCAPES, indirect=["kit"])
async def test_who_escaped_is_ended_too(start: Started, act: str) -> None:
    processes = start.kit.adapters.processes
    program, heard = await start(act)
    child = int((await heard.until(b"ready")).split()[0])
    assert await processes.end_tree(program.pid, start.marker, 0.2) == []
    assert processes.identity(child) is None
    await program.wait()


async def test_ending_nothing_is_done_at_once(start: Started) -> None:
    program, _ = await start("speaks")
    await program.wait()
    await start.kit.adapters.processes.end_tree(None, start.marker, 3600)
