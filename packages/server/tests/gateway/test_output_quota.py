"""What commands print counts against its Partner's quota, once; beyond it, it is left out, and the command says so."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID

import pytest
from agent_end import AgentEnd, Fleet
from gururmm_server.core.quotas.resources import DAYS_SHARE
from gururmm_server.entrypoints.agent_gateway.gateway import Gateway
from gururmm_wire.v2.agent import CommandAccepted, CommandOutput
from gururmm_wire.v2.server import ResultAck, RunCommand
from test_commands import queue, result

StartGateway = Callable[..., Awaitable[Gateway]]
PIECE = bytes(1000)
STORED = 1100
"""What a piece of a thousand bytes counts for."""


@pytest.fixture
async def other(owner_url: str) -> AsyncIterator[Fleet]:
    """Another Partner on this database."""
    fleet = Fleet(owner_url)
    await fleet.plant()
    yield fleet
    for end in fleet.ends:
        await end.gone()


async def counted(fleet: Fleet) -> int:
    used = await fleet.value(
        "select sum(used)::bigint from core.partner_usage where resource = 'output_bytes' and tenant_id = $1",
        fleet.tenant_id,
    )
    return int(used or 0)


async def allow_today(fleet: Fleet, amount: int) -> None:
    """Let the Partner store so much on this day, and no more."""
    await fleet.value(
        "insert into core.partner_quotas (tenant_id, resource, most) values ($1, 'output_bytes', $2)",
        fleet.tenant_id,
        amount * DAYS_SHARE,
    )


async def begun(fleet: Fleet, gateway: Gateway) -> tuple[AgentEnd, UUID]:
    """A machine that runs a command."""
    (agent,) = await fleet.enrol()
    command_id = await queue(fleet, agent)
    await agent.join(gateway.port)
    await agent.expect(RunCommand)
    agent.send(CommandAccepted(command_id=command_id.bytes, started_at_ms=1))
    return agent, command_id


async def prints(agent: AgentEnd, command_id: UUID, pieces: int) -> None:
    """It prints, ends, and may forget what it printed."""
    for seq in range(pieces):
        agent.send(CommandOutput(command_id=command_id.bytes, seq=seq, stream=1, data=PIECE))
    agent.send(result(command_id, chunks=pieces))
    assert (await agent.expect(ResultAck)).command_id == command_id.bytes


async def kept(fleet: Fleet, command_id: UUID) -> int:
    return int(await fleet.value("select count(*) from core.command_output where command_id = $1", command_id))


async def test_output_counts_once_however_often_it_comes(gateway: Gateway, fleet: Fleet, other: Fleet) -> None:
    agent, command_id = await begun(fleet, gateway)
    for _ in range(3):
        await prints(agent, command_id, 5)
    assert await counted(fleet) == 5 * STORED
    assert await counted(other) == 0
    row = await fleet.row("select message, dropped_bytes from core.commands where command_id = $1", command_id)
    assert (row["message"], row["dropped_bytes"]) == (None, 0)


async def test_beyond_it_output_is_left_out_and_the_command_says_so(
    gateway: Gateway, fleet: Fleet, other: Fleet
) -> None:
    await allow_today(fleet, 3 * STORED)
    first, within = await begun(fleet, gateway)
    await prints(first, within, 3)
    assert await kept(fleet, within) == 3
    second, beyond = await begun(fleet, gateway)
    await prints(second, beyond, 4)
    assert await kept(fleet, beyond) == 0
    row = await fleet.row("select * from core.commands where command_id = $1", beyond)
    assert (row["status"], row["exit_code"], row["dropped_bytes"]) == ("succeeded", 0, 4000)
    assert row["message"].startswith("Output of it is not kept: your Partner has stored as much as it may today")
    assert await counted(fleet) == 3 * STORED
    theirs, unharmed = await begun(other, gateway)
    await prints(theirs, unharmed, 4)
    assert await kept(other, unharmed) == 4
    assert await fleet.value("select message from core.commands where command_id = $1", unharmed) is None


async def test_what_is_kept_counts_for_as_long(gateway: Gateway, fleet: Fleet) -> None:
    """Yesterday's fills what may be stored in all."""
    await allow_today(fleet, 3 * STORED)
    await fleet.value(
        "insert into core.partner_usage (tenant_id, resource, day, used)"
        " values ($1, 'output_bytes', current_date - 1, $2)",
        fleet.tenant_id,
        3 * STORED * DAYS_SHARE - STORED,
    )
    agent, command_id = await begun(fleet, gateway)
    await prints(agent, command_id, 2)
    assert await counted(fleet) <= 3 * STORED * DAYS_SHARE
    assert await kept(fleet, command_id) <= 1


async def test_gateways_never_count_past_the_end(start_gateway: StartGateway, fleet: Fleet) -> None:
    await allow_today(fleet, 20 * STORED)
    gateways = [await start_gateway(), await start_gateway()]
    running = [await begun(fleet, gateways[number % 2]) for number in range(8)]
    await asyncio.gather(*(prints(agent, command_id, 5) for agent, command_id in running))
    stored = sum([await kept(fleet, command_id) for _, command_id in running])
    assert 0 < stored <= 20
    assert await counted(fleet) == stored * STORED
