"""Commands between table and agent: delivered once it is there, never to the wrong one, never lost, never run twice."""

import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from agent_end import AgentEnd, Fleet
from gururmm_server.core.commands.delivery import AT_ONCE, AT_ONCE_BYTES
from gururmm_server.core.commands.live import CommandUpdate, OutputPiece
from gururmm_server.core.post import traffic
from gururmm_server.core.post.live import LiveBatch
from gururmm_server.core.post.traffic import Deliver
from gururmm_server.entrypoints.agent_gateway.gateway import Gateway
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.nats import Bus
from gururmm_wire.codec import encode
from gururmm_wire.v2.agent import CommandAccepted, CommandOutput, CommandResult
from gururmm_wire.v2.limits import CHUNK_BYTES, COMMAND_OUTPUT_BYTES
from gururmm_wire.v2.server import CancelCommand, ResultAck, RunCommand

from packages.server.tests.hearing import hearing
from packages.server.tests.waiting import until

Start = Callable[..., Awaitable[Gateway]]


async def queue(fleet: Fleet, agent: AgentEnd, script: str = "true", **columns: Any) -> UUID:
    command_id = new_id()
    order = fleet.order(agent.agent_id, RunCommand(command_id.bytes, "sh", script, 60))
    columns = {"signed_order": order, **columns}
    names = ["tenant_id", "command_id", "batch_id", "agent_id", "shell", "script", "timeout_s", "created_by", *columns]
    values = [fleet.tenant_id, command_id, command_id, agent.agent_id, "sh", script, 60, "ann@example.org"]
    marks = ", ".join(f"${number + 1}" for number in range(len(names)))
    await fleet.value(f"insert into core.commands ({', '.join(names)}) values ({marks})", *values, *columns.values())
    return command_id


async def status(fleet: Fleet, command_id: UUID) -> str:
    return str(await fleet.value("select status from core.commands where command_id = $1", command_id))


def result(command_id: UUID, **changes: Any) -> CommandResult:
    fields: dict[str, Any] = {"outcome": "succeeded", "exit_code": 0, "duration_ms": 12, "chunks": 0}
    return CommandResult(command_id=command_id.bytes, **(fields | changes))


async def test_what_was_queued_while_away_runs_on_return(gateway: Gateway, fleet: Fleet, bus: Bus) -> None:
    (agent,) = await fleet.enrol()
    first, second = await queue(fleet, agent, "echo one"), await queue(fleet, agent, "echo two")
    async with hearing(bus, traffic.live_of_machines(fleet.tenant_id), LiveBatch) as live:
        await agent.join(gateway.port)
        run = [await agent.expect(RunCommand), await agent.expect(RunCommand)]
        assert [(r.command_id, r.script, r.timeout_s) for r in run] == [
            (first.bytes, "echo one", 60),
            (second.bytes, "echo two", 60),
        ]
        assert await status(fleet, first) == "delivered"
        agent.send(CommandAccepted(command_id=first.bytes, started_at_ms=1))
        await until(lambda: _is(fleet, first, "running"))
        agent.send(CommandOutput(command_id=first.bytes, seq=0, stream=1, data=b"one\n"))
        agent.send(result(first, exit_code=3, outcome="failed", chunks=1, message="exit\0 status 3"))
        assert (await agent.expect(ResultAck)).command_id == first.bytes
        row = await fleet.row("select * from core.commands where command_id = $1", first)
        assert (row["status"], row["exit_code"], row["message"], row["duration_ms"]) == (
            "failed",
            3,
            "exit status 3",
            12,
        )
        assert row["started_at"] <= row["finished_at"]
        assert await fleet.value("select data from core.command_output where command_id = $1", first) == b"one\n"
        assert await fleet.events("command.completed") == 1
        await until(lambda: any(u.status == "failed" for b in live for u in b.of(CommandUpdate)))
        updates = [u.status for b in live for u in b.of(CommandUpdate) if u.command_id == first.bytes]
        assert updates[-2:] == ["running", "failed"]
        assert [(p.seq, p.data) for b in live for p in b.of(OutputPiece)] == [(0, b"one\n")]


async def test_a_command_sent_straight_to_the_gateway_is_recorded_by_its_result(
    gateway: Gateway, fleet: Fleet, bus: Bus
) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    await until(lambda: fleet.online(agent))
    command_id = await queue(fleet, agent)
    run = RunCommand(command_id=command_id.bytes, shell="sh", script="true", timeout_s=60)
    order = Deliver(agent_id=agent.agent_id.bytes, message=fleet.order(agent.agent_id, run))
    await bus.publish(traffic.gateway_deliver(gateway.gateway_id), traffic.encode(order))
    assert await agent.expect(RunCommand) == run
    agent.send(CommandAccepted(command_id=command_id.bytes, started_at_ms=1))
    agent.send(result(command_id))
    assert (await agent.expect(ResultAck)).command_id == command_id.bytes
    row = await fleet.row("select * from core.commands where command_id = $1", command_id)
    assert row["status"] == "succeeded"
    assert row["delivered_at"] is not None


async def test_a_script_that_several_run_is_put_back_into_each_order(gateway: Gateway, fleet: Fleet) -> None:
    """As it was signed, also where the script's bytes stand in the order before the script does."""
    agents, batch_id, script = await fleet.enrol(2), new_id(), "sh"
    await fleet.value(
        "insert into core.shared_scripts (tenant_id, batch_id, script) values ($1, $2, $3)",
        fleet.tenant_id,
        batch_id,
        script,
    )
    for agent in agents:
        command_id = new_id()
        whole = fleet.order(agent.agent_id, RunCommand(command_id.bytes, "sh", script, 60))
        before, text, after = whole.partition(script.encode())
        assert text
        await fleet.value(
            "insert into core.commands (tenant_id, command_id, batch_id, agent_id, shell, timeout_s, created_by,"
            " signed_order, script_at) values ($1, $2, $3, $4, 'sh', 60, 'ann@example.org', $5, $6)",
            *(fleet.tenant_id, command_id, batch_id, agent.agent_id, before + after, len(before)),
        )
        await agent.join(gateway.port)
        run = await agent.expect(RunCommand)
        assert (run.command_id, run.script) == (command_id.bytes, script)
        assert encode(agent.orders[-1]) == whole


async def test_a_result_said_twice_counts_once(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    command_id = await queue(fleet, agent)
    await agent.join(gateway.port)
    await agent.expect(RunCommand)
    for _ in range(2):
        agent.send(CommandAccepted(command_id=command_id.bytes, started_at_ms=1))
        agent.send(CommandOutput(command_id=command_id.bytes, seq=0, stream=1, data=b"once"))
        agent.send(result(command_id, chunks=1))
        assert (await agent.expect(ResultAck)).command_id == command_id.bytes
    agent.send(result(command_id, chunks=1, outcome="failed", exit_code=1))
    await agent.expect(ResultAck)
    assert await status(fleet, command_id) == "succeeded"
    assert await fleet.value("select count(*) from core.command_output where command_id = $1", command_id) == 1
    assert await fleet.events("command.completed") == 1


async def test_another_agents_command_cannot_be_written(gateway: Gateway, fleet: Fleet) -> None:
    owner, thief = await fleet.enrol(2)
    command_id = await queue(fleet, owner)
    await thief.join(gateway.port)
    thief.send(CommandAccepted(command_id=command_id.bytes, started_at_ms=1))
    thief.send(CommandOutput(command_id=command_id.bytes, seq=0, stream=1, data=b"forged"))
    thief.send(result(command_id))
    assert (await thief.expect(ResultAck)).command_id == command_id.bytes  # it may forget what is not its own
    assert await status(fleet, command_id) == "queued"
    assert await fleet.value("select count(*) from core.command_output") == 0


async def test_a_deleted_command_may_be_forgotten(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    gone = new_id()
    agent.send(CommandOutput(command_id=gone.bytes, seq=0, stream=1, data=b"x"))
    agent.send(result(gone, chunks=1))
    assert (await agent.expect(ResultAck)).command_id == gone.bytes


async def test_a_deadline_that_passed_is_expired_and_not_sent(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    command_id = await queue(fleet, agent)
    late = await queue(fleet, agent)
    await fleet.value("update core.commands set deadline_at = now() - interval '1 second' where command_id = $1", late)
    await agent.join(gateway.port)
    assert (await agent.expect(RunCommand)).command_id == command_id.bytes
    agent.send(result(command_id, outcome="expired", exit_code=None, message="too late"))
    await agent.expect(ResultAck)
    assert await status(fleet, command_id) == "expired"
    assert await status(fleet, late) == "queued"


async def test_output_is_bounded_and_the_rest_is_not_waited_for(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    command_id = await queue(fleet, agent)
    await agent.join(gateway.port)
    await agent.expect(RunCommand)
    chunks = 2 * COMMAND_OUTPUT_BYTES // CHUNK_BYTES
    for seq in range(chunks):
        agent.send(CommandOutput(command_id=command_id.bytes, seq=seq, stream=2, data=os.urandom(CHUNK_BYTES)))
    agent.send(result(command_id, chunks=chunks))
    assert (await agent.expect(ResultAck, 10)).command_id == command_id.bytes
    held = await fleet.value("select sum(length(data)) from core.command_output where command_id = $1", command_id)
    assert COMMAND_OUTPUT_BYTES <= held <= COMMAND_OUTPUT_BYTES + CHUNK_BYTES


async def test_what_an_agent_left_out_is_kept_as_a_number(gateway: Gateway, fleet: Fleet, bus: Bus) -> None:
    (agent,) = await fleet.enrol()
    command_id = await queue(fleet, agent)
    async with hearing(bus, traffic.live_of_machines(fleet.tenant_id), LiveBatch) as live:
        await agent.join(gateway.port)
        await agent.expect(RunCommand)
        agent.send(CommandOutput(command_id=command_id.bytes, seq=0, stream=1, data=b"head"))
        agent.send(CommandOutput(command_id=command_id.bytes, seq=1, stream=1, data=b"tail", skipped=70_000))
        agent.send(result(command_id, chunks=2, dropped_bytes=70_000))
        await agent.expect(ResultAck)
        await until(lambda: sum(len(b.of(OutputPiece)) for b in live) == 2)
        assert [(p.data, p.skipped) for b in live for p in b.of(OutputPiece)] == [(b"head", 0), (b"tail", 70_000)]
    kept = await fleet.value(
        "select array_agg(skipped order by seq) from core.command_output where command_id = $1", command_id
    )
    assert kept == [0, 70_000]


async def test_a_sequence_beyond_the_columns_harms_nobody(gateway: Gateway, fleet: Fleet) -> None:
    hostile, honest = await fleet.enrol(2)
    commands = [await queue(fleet, hostile), await queue(fleet, honest)]
    await hostile.join(gateway.port)
    await honest.join(gateway.port)
    hostile.send(CommandOutput(command_id=commands[0].bytes, seq=2**62, stream=1, data=b"x"))
    hostile.send(CommandOutput(command_id=commands[0].bytes, seq=1, stream=1, data=b"x", skipped=2**62))
    hostile.send(result(commands[0], duration_ms=2**62, dropped_bytes=2**62, exit_code=2**32))
    honest.send(result(commands[1]))
    await honest.expect(ResultAck)
    await until(lambda: _is(fleet, commands[0], "succeeded"))


async def test_what_was_lost_on_the_bus_is_found_by_looking(start_gateway: Start, fleet: Fleet) -> None:
    gateway = await start_gateway(overdue_s=0.1)
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    await until(lambda: fleet.online(agent))
    waiting = await queue(fleet, agent)
    assert (await agent.expect(RunCommand, 9)).command_id == waiting.bytes
    agent.send(CommandAccepted(command_id=waiting.bytes, started_at_ms=1))
    await fleet.value(
        "update core.commands set cancel_requested_at = now() - interval '3 seconds', signed_cancel = $2"
        " where command_id = $1",
        waiting,
        fleet.order(agent.agent_id, CancelCommand(waiting.bytes)),
    )
    assert (await agent.expect(CancelCommand, 9)).command_id == waiting.bytes
    agent.send(result(waiting, outcome="cancelled", exit_code=None))
    await agent.expect(ResultAck)
    assert await status(fleet, waiting) == "cancelled"


async def test_three_hundred_that_waited_run_one_after_the_other_without_a_pause(
    start_gateway: Start, fleet: Fleet
) -> None:
    """Each report makes room for the next ones: the sweep, which would find them seconds later, has no part in it."""
    gateway = await start_gateway(overdue_s=3600)
    (agent,) = await fleet.enrol()
    wanted = [(await queue(fleet, agent)).bytes for _ in range(300)]
    await agent.join(gateway.port)
    came: list[bytes] = []
    unread = 0
    while len(came) < len(wanted):
        run = await agent.expect(RunCommand, 9)
        came.append(run.command_id)
        unread += 1
        if unread == AT_ONCE or len(came) % 8 == 0:  # in any rhythm
            for command_id in came[-unread:]:
                agent.send(CommandAccepted(command_id=command_id, started_at_ms=1))
                agent.send(result(UUID(bytes=command_id)))
            unread = 0
    assert came == wanted
    for command_id in came[-unread:] if unread else ():
        agent.send(result(UUID(bytes=command_id)))
    await until(lambda: _all_are(fleet, "succeeded"))


async def test_what_an_agent_does_not_read_does_not_pile_up(start_gateway: Start, fleet: Fleet) -> None:
    gateway = await start_gateway(overdue_s=3600)
    few, long = await fleet.enrol(2)
    for _ in range(AT_ONCE + 5):
        await queue(fleet, few)
    script = "#" * 100_000
    for _ in range(AT_ONCE):
        await queue(fleet, long, script)
    await few.join(gateway.port)
    await long.join(gateway.port)

    async def delivered(agent: AgentEnd) -> int:
        sql = "select count(*) from core.commands where agent_id = $1 and status = 'delivered'"
        return int(await fleet.value(sql, agent.agent_id))

    await until(lambda: delivered(few))
    await until(lambda: delivered(long))
    assert await delivered(few) == AT_ONCE
    assert await delivered(long) == AT_ONCE_BYTES // 100_000


async def test_a_script_longer_than_what_goes_at_once_goes_alone(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    heavy = await queue(fleet, agent, signed_order=b"x" * (AT_ONCE_BYTES + 1))
    await queue(fleet, agent)
    await agent.join(gateway.port)
    await until(lambda: _is(fleet, heavy, "delivered"))


async def test_what_was_sent_while_the_bus_was_away_is_sent_again_at_once(
    start_gateway: Start, fleet: Fleet, gateway_bus: Bus
) -> None:
    gateway = await start_gateway(overdue_s=3600)
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    await until(lambda: fleet.online(agent))
    lost = await queue(fleet, agent, sent_at=datetime.now(UTC))
    running = await queue(
        fleet, agent, sent_at=datetime.now(UTC), status="running", cancel_requested_at=datetime.now(UTC)
    )
    await fleet.value(
        "update core.commands set signed_cancel = $2 where command_id = $1",
        running,
        fleet.order(agent.agent_id, CancelCommand(running.bytes)),
    )
    for callback in gateway_bus.on_reconnect:
        await callback()
    assert (await agent.expect(CancelCommand, 9)).command_id == running.bytes
    assert (await agent.expect(RunCommand, 9)).command_id == lost.bytes


async def _all_are(fleet: Fleet, wanted: str) -> bool:
    return not await fleet.value("select count(*) from core.commands where status <> $1", wanted)


async def _is(fleet: Fleet, command_id: UUID, wanted: str) -> bool:
    return await status(fleet, command_id) == wanted


async def test_a_result_and_its_event_are_one_and_come_once(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    quick, refused = await queue(fleet, agent), await queue(fleet, agent)
    await agent.join(gateway.port)
    await agent.expect(RunCommand)
    await agent.expect(RunCommand)
    for _ in range(2):
        agent.send(result(quick))
        assert (await agent.expect(ResultAck)).command_id == quick.bytes
        agent.send(result(refused, outcome="failed", exit_code=None, message="no sh"))
        assert (await agent.expect(ResultAck)).command_id == refused.bytes
    assert [await status(fleet, each) for each in (quick, refused)] == ["succeeded", "failed"]
    told = await fleet.value(
        "select array_agg(convert_from(payload, 'utf8')::jsonb ->> 'command_id' order by event_id)"
        " from core.outbox where name = 'command.completed'"
    )
    assert told == [str(quick), str(refused)]
