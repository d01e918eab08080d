"""A gateway passes on what an agent says of channels that were opened there, whatever died since, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import pytest
from agent_end import AgentEnd, Fleet
from gururmm_server.core.post import traffic
from gururmm_server.entrypoints.agent_gateway.channels import ASKED_AT_ONCE, HELD_BYTES, LIES
from gururmm_server.entrypoints.agent_gateway.gateway import Gateway
from gururmm_server.infra import subjects
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.nats import Bus
from gururmm_server.infra.peer_log import LINES
from gururmm_wire.codec import decode_from_agent, encode
from gururmm_wire.v2.agent import PURPOSE_TUNNEL, Message, TunnelClosed, TunnelInputAck, TunnelOpened, TunnelOutput
from gururmm_wire.v2.server import TunnelResume
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from packages.server.tests.waiting import Clock, until

StartGateway = Callable[..., Awaitable[Gateway]]
Heard = asyncio.Queue[tuple[bytes, Message]]


@pytest.fixture
async def heard(bus: Bus) -> AsyncIterator[Heard]:
    """What anybody could hear on the bus of any tech session: agent and message."""
    news: Heard = asyncio.Queue()

    def on_message(_subject: str, payload: bytes) -> None:
        sender, _, pieces = traffic.split_up(payload)
        for piece in pieces:
            news.put_nowait((sender, decode_from_agent(piece)))

    subscription = await bus.subscribe(subjects.TUNNEL_UP.pattern, on_message)
    await bus.settled()
    yield news
    await subscription.stop()


def dropped(why: str) -> float:
    return REGISTRY.get_sample_value("gururmm_channel_messages_dropped_total", {"why": why}) or 0.0


def output(session_id: UUID, channel: int = 1, offset: int = 0, data: bytes = b"x") -> TunnelOutput:
    return TunnelOutput(session_id.bytes, channel, offset, data)


async def hears(heard: Heard, agent: AgentEnd, message: Message) -> None:
    assert await asyncio.wait_for(heard.get(), 10) == (agent.agent_id.bytes, message)


@asynccontextmanager
async def nobody_answers(owner_url: str) -> AsyncIterator[None]:
    """Somebody else holds the table's lock."""
    connection = await asyncpg.connect(owner_url)
    async with connection.transaction():
        await connection.execute("lock table core.tunnel_channels in access exclusive mode")
        yield
    await connection.close()


async def resume(bus: Bus, gateway: Gateway, agent: AgentEnd, session_id: UUID, hearer: AgentEnd) -> None:
    """The api says something of a channel to this agent."""
    message = traffic.Deliver(agent.agent_id.bytes, encode(TunnelResume(session_id.bytes, 1, 0, 0)))
    await bus.publish(traffic.gateway_tunnel(gateway.gateway_id), traffic.encode(message))
    await hearer.expect(TunnelResume)


async def test_what_was_never_opened_there_goes_nowhere(
    start_gateway: StartGateway, fleet: Fleet, heard: Heard
) -> None:
    """Sessions that nobody opened, another machine's, and a channel that its own session never had."""
    clock = Clock()
    gateway = await start_gateway(clock=clock)
    hostile, neighbour = await fleet.enrol(2)
    mine, theirs = new_id(), new_id()
    await fleet.open_channel(hostile, mine)
    await fleet.open_channel(neighbour, theirs)
    await hostile.join(gateway.port)
    claims = [(new_id(), 1), (theirs, 1), (mine, 2), (mine, 0), (new_id(), 255)]
    claims += [(new_id(), 1) for _ in range(LIES - len(claims))]
    before = dropped("never_opened")
    for number, (session_id, channel) in enumerate(claims):
        hostile.send(TunnelOpened(session_id.bytes, channel, None, None))
        await until(lambda known=number: dropped("never_opened") == before + known + 1)
    hostile.send(output(mine, data=b"lost"))
    await until(lambda: dropped("never_opened") == before + LIES + 1)
    assert heard.empty()
    clock.forward(1)
    hostile.send(output(mine))
    await hears(heard, hostile, output(mine))
    assert heard.empty()


@pytest.mark.parametrize("purpose", ["", PURPOSE_TUNNEL])
async def test_a_flood_of_it_is_counted_and_fills_no_log(
    gateway: Gateway, fleet: Fleet, heard: Heard, purpose: str
) -> None:
    hostile, honest = await fleet.enrol(2)
    session_id = new_id()
    await fleet.open_channel(honest, session_id)
    for agent in (hostile, honest):
        await agent.join(gateway.port, purpose=purpose)
    frames, before = 3000, dropped("never_opened") + dropped("no_room")
    with capture_logs() as lines:
        for _ in range(frames):
            hostile.send(output(new_id(), data=bytes(1000)))
        honest.send(output(session_id))
        await hears(heard, honest, output(session_id))
        await until(lambda: dropped("never_opened") + dropped("no_room") == before + frames, 30)
    assert heard.empty()
    assert 0 < sum(line.get("agent_id") == str(hostile.agent_id) for line in lines) <= LINES


async def test_every_gateway_knows_whoever_carried_the_order(
    start_gateway: StartGateway, fleet: Fleet, heard: Heard
) -> None:
    """Also after each of them died, and of a session that is over: it was opened there all the same."""
    (agent,) = await fleet.enrol()
    session_id = new_id()
    await fleet.open_channel(agent, session_id)
    for purpose in ("", PURPOSE_TUNNEL):
        gateway = await start_gateway()
        connection = agent.second()
        fleet.ends.append(connection)
        await connection.join(gateway.port, purpose=purpose)
        said = [TunnelOpened(session_id.bytes, 1, None, None), output(session_id), output(session_id, offset=1)]
        for message in said:
            connection.send(message)
        for message in said:
            await hears(heard, agent, message)
    await fleet.value("update core.tunnel_channels set state = 'closed' where session_id = $1", session_id)
    await fleet.open_channel(agent, session_id, 2)
    for message in (TunnelClosed(session_id.bytes, 1), TunnelOpened(session_id.bytes, 2, None, None)):
        connection.send(message)
        await hears(heard, agent, message)


async def test_what_the_api_resumes_is_known_without_asking(
    gateway: Gateway, fleet: Fleet, bus: Bus, heard: Heard, owner_url: str
) -> None:
    """By whichever of its connections; what else is said waits for the table, within bounds, and comes in its order."""
    (agent,) = await fleet.enrol()
    resumed, other = new_id(), new_id()
    for session_id in (resumed, other):
        await fleet.open_channel(agent, session_id)
    await agent.join(gateway.port)
    tunnel = agent.second()
    fleet.ends.append(tunnel)
    await tunnel.join(gateway.port, purpose=PURPOSE_TUNNEL)
    size, before = 60_000, dropped("no_room")
    chunks = [output(other, offset=size * number, data=bytes(size)) for number in range(2 * HELD_BYTES // size)]
    held = HELD_BYTES // (size + 100)
    async with nobody_answers(owner_url):
        for chunk in chunks:
            tunnel.send(chunk)
        await until(lambda: dropped("no_room") == before + len(chunks) - held)
        await resume(bus, gateway, agent, resumed, tunnel)
        for connection in (tunnel, agent):
            connection.send(output(resumed))
            await hears(heard, agent, output(resumed))
        assert heard.empty()
    for chunk in chunks[:held]:
        await hears(heard, agent, chunk)
    tunnel.send(chunks[held])
    await hears(heard, agent, chunks[held])


async def test_what_was_said_before_an_agent_left_is_passed_on(
    gateway: Gateway, fleet: Fleet, heard: Heard, owner_url: str
) -> None:
    (agent,) = await fleet.enrol()
    session_id = new_id()
    await fleet.open_channel(agent, session_id)
    await agent.join(gateway.port)
    async with nobody_answers(owner_url):
        agent.send(TunnelClosed(session_id.bytes, 1, message="no shell here"))
        await agent.understood()
        await agent.gone()
        await until(lambda: agent.agent_id.bytes not in gateway.roster.agents)
    await hears(heard, agent, TunnelClosed(session_id.bytes, 1, message="no shell here"))


async def test_an_agent_asks_for_no_more_than_it_can_have(
    gateway: Gateway, fleet: Fleet, heard: Heard, owner_url: str
) -> None:
    (agent,) = await fleet.enrol()
    session_id = new_id()
    for number in range(1, ASKED_AT_ONCE + 2):
        await fleet.open_channel(agent, session_id, number)
    await agent.join(gateway.port)
    before = dropped("no_room")
    async with nobody_answers(owner_url):
        for number in range(1, ASKED_AT_ONCE + 2):
            agent.send(TunnelInputAck(session_id.bytes, number, 0))
        await until(lambda: dropped("no_room") == before + 1)
    for number in range(1, ASKED_AT_ONCE + 1):
        await hears(heard, agent, TunnelInputAck(session_id.bytes, number, 0))
    agent.send(TunnelInputAck(session_id.bytes, ASKED_AT_ONCE + 1, 0))
    await hears(heard, agent, TunnelInputAck(session_id.bytes, ASKED_AT_ONCE + 1, 0))
