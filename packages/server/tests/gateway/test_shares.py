"""One Partner's machines, however many and however hostile, keep another's neither out of a gateway nor unheard."""

from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import msgspec
import pytest
from agent_end import AgentEnd, Ended, Fleet
from gururmm_server.core.post import traffic
from gururmm_server.entrypoints.agent_gateway import authenticator, shares
from gururmm_server.entrypoints.agent_gateway.gateway import Gateway
from gururmm_server.entrypoints.agent_gateway.shares import BURST, RATE, Share
from gururmm_server.infra import subjects
from gururmm_server.infra.nats import Bus
from gururmm_wire.v2.agent import PURPOSE_TUNNEL, Heartbeat
from gururmm_wire.v2.limits import Close
from gururmm_wire.v2.server import Welcome

from packages.server.tests.waiting import Clock, until

StartGateway = Callable[..., Awaitable[Gateway]]
MOST, SEATS = 20, 18
"""What the gateway of these tests takes, and how many of them are for agents that are in."""


@pytest.fixture
async def other(owner_url: str) -> AsyncIterator[Fleet]:
    """Another Partner on this database."""
    fleet = Fleet(owner_url)
    await fleet.plant()
    yield fleet
    for end in fleet.ends:
        await end.gone()


async def turned_away(gateway: Gateway, agent: AgentEnd, purpose: str = "") -> None:
    with pytest.raises(Ended) as ended:
        await agent.join(gateway.port, purpose=purpose)
    assert ended.value.code == Close.UNAVAILABLE


def seated(gateway: Gateway, fleet: Fleet) -> int:
    return sum(end.agent_id.bytes in gateway.roster.agents for end in fleet.ends)


async def test_a_partner_alone_has_every_seat(start_gateway: StartGateway, fleet: Fleet) -> None:
    gateway = await start_gateway(most=MOST)
    *crowd, late = await fleet.enrol(SEATS + 1)
    for agent in crowd:
        await agent.join(gateway.port)
    await turned_away(gateway, late)
    assert len(gateway.roster.agents) == SEATS


async def test_who_has_most_gives_way_to_who_has_less_than_its_share(
    start_gateway: StartGateway, fleet: Fleet, other: Fleet
) -> None:
    gateway = await start_gateway(most=MOST)
    *crowd, late = await fleet.enrol(SEATS + 1)
    for agent in crowd:
        await agent.join(gateway.port)
    *few, one_more = await other.enrol(SEATS // 2 + 1)
    for number, agent in enumerate(few, 1):
        await agent.join(gateway.port)
        assert await crowd[SEATS - number].ended() == Close.UNAVAILABLE, "its newest gives way"
        await turned_away(gateway, late)
    assert seated(gateway, other) == seated(gateway, fleet) == SEATS // 2
    await turned_away(gateway, one_more)
    await turned_away(gateway, crowd[0].second(), PURPOSE_TUNNEL)


async def test_an_agent_may_come_anew_in_its_own_place(start_gateway: StartGateway, fleet: Fleet, other: Fleet) -> None:
    gateway = await start_gateway(most=MOST)
    crowd = await fleet.enrol(SEATS - 1)
    (neighbour,) = await other.enrol()
    for agent in (neighbour, *crowd):
        await agent.join(gateway.port)
    again = crowd[0].second()
    fleet.ends.append(again)
    await again.join(gateway.port)
    assert await crowd[0].ended() == Close.REPLACED
    assert seated(gateway, other) == 1


async def test_a_flood_of_many_machines_is_slowed_down_together(
    gateway: Gateway, fleet: Fleet, other: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of them has used up its own budget. Nothing is lost, and the neighbour does not wait."""
    monkeypatch.setattr(shares, "BURST", 300.0)
    monkeypatch.setattr(shares, "RATE", 1000.0)
    crowd, (neighbour,) = await fleet.enrol(5), await other.enrol()
    for agent in (*crowd, neighbour):
        await agent.join(gateway.port)
    await until(lambda: fleet.online(crowd[0]))
    for number in range(1000):
        for agent in crowd:
            agent.send(Heartbeat(at=1, cpu=1 + number % 900, memory=1))
    for agent in (*crowd, neighbour):
        agent.send(Heartbeat(at=1, cpu=999, memory=1))
    await until(lambda: len(gateway.roster.throttled) == len(crowd))
    await neighbour.understood()

    async def heard(agent: AgentEnd) -> bool:
        return bool(await fleet.value("select cpu from core.agent_state where agent_id = $1", agent.agent_id) == 999)

    await until(lambda: heard(neighbour))
    assert gateway.roster.throttled
    for agent in crowd:
        await until(lambda one=agent: heard(one), 60)


async def test_a_crowd_of_proofs_waits_behind_itself(
    *,
    start_gateway: StartGateway,
    fleet: Fleet,
    other: Fleet,
    bus: Bus,
    owner_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A fleet that connects again and again takes the handshake from nobody: its Partner is known by now."""
    monkeypatch.setattr(authenticator, "BATCH", 8)
    gateway = await start_gateway()
    crowd, (neighbour,) = await fleet.enrol(60), await other.enrol()
    for agent in crowd:
        await agent.join(gateway.port)
    order: list[bytes] = []

    def came(_subject: str, payload: bytes) -> None:
        order.append(msgspec.msgpack.decode(payload, type=traffic.AgentConnected).agent_id)

    subscription = await bus.subscribe(subjects.AGENT_CONNECTED.pattern, came)
    await bus.settled()
    again = [agent.second() for agent in crowd]
    fleet.ends += again
    holder = await asyncpg.connect(owner_url)
    async with holder.transaction():
        await holder.execute("lock table core.agents in access exclusive mode")
        for agent in (*again, neighbour):
            agent.send_raw(agent.proof(await agent.open(gateway.port)))
        await until(lambda: len(gateway.roster.checking) == len(again) + 1)
    await holder.close()
    for agent in (*again, neighbour):
        await agent.expect(Welcome)
    await until(lambda: len(order) > len(again))
    assert order.index(neighbour.agent_id.bytes) <= 2 * authenticator.BATCH, "those that were looked at already, and it"
    await subscription.stop()


def test_what_a_partner_may_say_comes_back_with_time() -> None:
    clock = Clock()
    share = Share(clock)
    assert share.spend(BURST - 1)
    assert not share.spend(RATE)
    assert not share.resumes(clock())
    clock.forward(0.5)
    assert not share.resumes(clock())
    clock.forward(0.75)
    reads = 0
    while share.resumes(clock()):
        reads += 1
    assert reads == 3, "as many as what there is now is good for"
    clock.forward(10_000)
    assert share.resumes(clock())
    assert not share.spend(BURST), "it does not pile up"
