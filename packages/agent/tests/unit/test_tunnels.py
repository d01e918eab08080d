"""The channels, over a machine in memory, a connection that a test cuts, and a clock that it moves."""

import asyncio
import itertools
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

import msgspec
from channel_ends import ApiChannels
from gururmm_agent.link.hello import sign
from gururmm_agent.link.reconnect import Backoff
from gururmm_agent.link.socket import Closed
from gururmm_agent.tunnel.line import LINGER_S
from gururmm_agent.tunnel.sessions import ALONE_S, Tunnels
from gururmm_wire.v2.agent import Message, TunnelClosed, TunnelInputAck, TunnelOpened, TunnelOutput
from gururmm_wire.v2.names import UNKNOWN_KIND
from gururmm_wire.v2.server import (
    TunnelChange,
    TunnelClose,
    TunnelInput,
    TunnelOpen,
    TunnelOutputAck,
    TunnelRekey,
    TunnelResume,
)
from links import AGENT_PUBLIC, AGENT_SECRET

from packages.agent.tests.contract import scripts
from packages.agent.tests.loops import ClockLoop, run_on
from packages.agent.tests.scripted import System

KEY = (b"s" * 16, 1)
GONE = TunnelClosed(*KEY, None, "this channel is gone")


class Link:
    """A proved connection for channels."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.closed: asyncio.Future[Closed] = asyncio.get_running_loop().create_future()
        self.full = asyncio.Event()
        self.full.set()

    def send(self, message: Message) -> None:
        self.world.sent.append(self.world.api.opened(message, AGENT_PUBLIC))

    async def drain(self) -> None:
        await self.full.wait()

    def close(self, code: int, reason: str) -> None:
        if not self.closed.done():
            self.closed.set_result(Closed(code, reason))


class World:
    """The agent's two ways to the server, and its machine."""

    def __init__(self, loop: ClockLoop, group: asyncio.TaskGroup) -> None:
        self.loop = loop
        self.system = System()
        self.system.programs |= {"sleeps": scripts.sleeps, "echoes": scripts.echoes}
        self.sent: list[Message] = []
        self.refused: list[Message] = []
        self.reachable = True
        self.connected = True
        """The agent's own connection."""
        self.dials = 0
        self.link: Link | None = None
        self.tunnels = Tunnels(
            self.system.adapters(),
            self,
            group,
            dial=self.dial,
            backoff=Backoff(lambda low, high: high),
            sign=partial(sign, AGENT_SECRET[:32]),
        )
        self.api = ApiChannels()
        self.orders = itertools.count(1)

    def send(self, message: Message) -> None:
        """What goes by the agent's own connection."""
        self.refused.append(self.api.opened(message, AGENT_PUBLIC))

    async def drain(self) -> None:
        """The agent's own connection is never full here."""

    async def dial(self, user: Any) -> Link:
        self.dials += 1
        if not self.reachable:
            raise Closed(None, "the cable is cut")
        self.link = Link(self)
        user.opened(self.link, None)
        return self.link

    async def cut(self) -> None:
        """The connection breaks, and does not come back."""
        assert self.link is not None
        self.reachable = False
        self.link.closed.set_result(Closed(None, "the cable is cut"))
        await self.loop.settle()

    def open(self, shell: str = "sleeps", channel: int = 1) -> None:
        self.say(TunnelOpen(KEY[0], channel, "terminal", {"shell": shell}, ["input"], 1024, None))

    def say(self, message: Message) -> None:
        """What the api says: sealed, and as an order where it is one."""
        message = self.api.sealed(message)
        if isinstance(message, TunnelOpen | TunnelRekey):
            self.tunnels.ordered(message, next(self.orders))
        else:
            self.tunnels.received(message)

    @property
    def shown(self) -> bytes:
        """What came out of the channels by the connection for them."""
        return b"".join(message.data for message in self.sent if isinstance(message, TunnelOutput))

    def resumes(self) -> bool:
        """Whether the agent still knows the channel."""
        self.refused.clear()
        self.tunnels.resume(TunnelResume(*KEY, 0, 1024))
        return GONE not in self.refused


def in_a_world(main: Callable[[World], Coroutine[Any, Any, None]]) -> None:
    """Run a test with no channel open."""

    async def prepared(loop: ClockLoop) -> None:
        async with asyncio.TaskGroup() as group:
            world = World(loop, group)
            running = group.create_task(world.tunnels.run())
            await loop.settle()
            await main(world)
            await world.tunnels.stop()
            await loop.advance(ALONE_S)
            running.cancel()
            world.tunnels.hang_up()

    run_on(ClockLoop, prepared)


def test_alone_for_too_long_closes_everything() -> None:
    async def main(world: World) -> None:
        world.open()
        await world.loop.settle()
        await world.cut()
        await world.loop.advance(ALONE_S - 1)
        assert world.system.processes
        await world.loop.advance(2)
        assert not world.system.processes
        assert not world.resumes()

    in_a_world(main)


def test_a_channel_that_never_gets_a_connection_is_closed_too() -> None:
    async def main(world: World) -> None:
        world.reachable = False
        world.open()
        await world.loop.advance(ALONE_S - 1)
        assert world.system.processes
        assert world.dials > 2
        await world.loop.advance(2)
        assert not world.system.processes
        assert not world.resumes()

    in_a_world(main)


def test_back_in_time_keeps_it() -> None:
    async def main(world: World) -> None:
        world.open()
        await world.loop.settle()
        await world.cut()
        await world.loop.advance(ALONE_S / 2 - 1)
        world.reachable = True
        await world.loop.advance(10 * ALONE_S)
        assert world.system.processes
        assert world.resumes()

    in_a_world(main)


def test_a_channel_that_nobody_resumes_is_forgotten() -> None:
    async def main(world: World) -> None:
        world.open()
        await world.loop.settle()
        await world.tunnels.stop()
        await world.loop.settle()
        assert not world.system.processes
        assert isinstance(world.sent[-1], TunnelClosed)
        await world.loop.advance(ALONE_S - 1)
        assert world.resumes()
        await world.loop.advance(2)
        assert not world.resumes()

    in_a_world(main)


def test_the_connection_is_there_from_the_first_channel_until_a_while_after_the_last() -> None:
    async def main(world: World) -> None:
        await world.loop.advance(1000)
        assert world.dials == 0
        for channel in (1, 2):
            world.open(channel=channel)
        await world.loop.settle()
        assert world.dials == 1
        link = world.link
        assert link is not None
        for channel in (1, 2):
            world.tunnels.close(TunnelClose(KEY[0], channel))
            await world.loop.advance(ALONE_S + LINGER_S - 1)
            assert not link.closed.done()
        await world.loop.advance(2)
        assert link.closed.done()
        await world.loop.advance(1000)
        assert world.dials == 1
        world.open(channel=3)
        await world.loop.settle()
        assert world.dials == 2

    in_a_world(main)


def test_what_a_channel_said_before_there_was_a_connection_comes_with_it() -> None:
    async def main(world: World) -> None:
        world.reachable = False
        world.open("echoes")
        await world.loop.advance(1)
        assert world.sent == []
        world.reachable = True
        await world.loop.advance(10)
        assert [type(message) for message in world.sent[:2]] == [TunnelOpened, TunnelOutput]
        assert world.sent[1] == TunnelOutput(*KEY, 0, b"ready")

    in_a_world(main)


def test_a_connection_that_is_full_stops_the_reading() -> None:
    async def main(world: World) -> None:
        world.open("echoes")
        await world.loop.settle()
        assert world.link is not None
        world.link.full.clear()
        for offset in range(5):  # one read is under way already
            world.say(TunnelInput(*KEY, offset, b"x"))
            await world.loop.settle()
        assert world.shown == b"readyx"
        world.link.full.set()
        await world.loop.settle()
        assert world.shown == b"readyxxxxx"

    in_a_world(main)


def test_an_unknown_kind_is_refused_by_name_on_the_agents_own_connection() -> None:
    async def main(world: World) -> None:
        world.say(TunnelOpen(*KEY, "hologram", {}, [], 0, None))
        why = "this agent does not know channels of the kind hologram"
        assert world.refused == [TunnelClosed(*KEY, message=why, code=UNKNOWN_KIND)]
        world.tunnels.received(TunnelOutputAck(*KEY, 5, 5))
        await world.loop.advance(10)
        assert world.dials == 0

    in_a_world(main)


def test_a_server_that_takes_no_second_connection_gets_everything_by_the_first() -> None:
    async def main(world: World) -> None:
        world.tunnels.served(second=False)
        world.open("echoes")
        await world.loop.settle()
        assert world.dials == 0
        assert [type(message) for message in world.refused] == [TunnelOpened, TunnelOutput]
        world.connected = False
        world.tunnels.left()
        world.say(TunnelInput(*KEY, 0, b"x"))
        await world.loop.settle()
        assert len(world.refused) == 2
        world.connected = True
        world.tunnels.served(second=True)
        await world.loop.settle()
        assert world.dials == 1
        assert world.resumes()
        assert world.shown == b"readyx"

    in_a_world(main)


def test_without_a_key_a_channel_runs_and_is_silent() -> None:
    async def main(world: World) -> None:
        bare = TunnelOpen(*KEY, "terminal", {"shell": "echoes"}, ["input"], 1024, None)
        world.tunnels.ordered(bare, next(world.orders))
        await world.loop.settle()
        world.tunnels.received(TunnelInput(*KEY, 0, b"x"))
        await world.loop.settle()
        assert world.shown == b""
        assert {type(message) for message in world.sent} == {TunnelOpened, TunnelInputAck}
        world.say(bare)
        world.say(TunnelResume(*KEY, 0, 1024))
        world.say(TunnelInput(*KEY, 0, b"y"))
        await world.loop.settle()
        assert world.shown == b"readyy"

    in_a_world(main)


def test_what_the_api_did_not_seal_is_neither_typed_nor_obeyed() -> None:
    async def main(world: World) -> None:
        world.open("echoes")
        await world.loop.settle()
        genuine = world.api.sealed(TunnelInput(*KEY, 0, b"x"))
        change = world.api.sealed(TunnelChange(*KEY, 1, msgspec.msgpack.encode({"columns": 99, "rows": 9})))
        assert isinstance(genuine, TunnelInput)
        assert isinstance(change, TunnelChange)
        for forged in (
            TunnelInput(*KEY, 0, b"x"),
            msgspec.structs.replace(genuine, data=genuine.data[:-1]),
            msgspec.structs.replace(genuine, offset=1),
            msgspec.structs.replace(change, number=2),
            TunnelChange(*KEY, 3, change.sealed),
            TunnelChange(*KEY, 4, b""),
        ):
            world.tunnels.received(forged)
        await world.loop.settle()
        assert world.shown == b"ready"
        assert world.system.screens[0].sizes == []
        for told in (genuine, genuine, change, change):
            world.tunnels.received(told)
        await world.loop.settle()
        assert world.shown == b"readyx"
        assert world.system.screens[0].sizes == [(99, 9)]

    in_a_world(main)


def test_one_offer_has_one_answer_in_however_many_orders() -> None:
    """With two answers, whoever carries them could lead the api from key to key, each time from its first number on."""

    async def main(world: World) -> None:
        world.open("echoes")
        await world.loop.settle()
        opening = TunnelOpen(*KEY, "terminal", {"shell": "echoes"}, ["input"], 1024, world.api.offers[KEY].half)
        for _ in range(3):
            world.tunnels.ordered(opening, next(world.orders))
        await world.loop.settle()
        halves = [message.half for message in world.sent if isinstance(message, TunnelOpened)]
        assert len(halves) >= 4
        assert len(set(halves)) == 1

    in_a_world(main)


def test_after_a_rekey_the_earlier_key_is_worth_nothing() -> None:
    async def main(world: World) -> None:
        world.open("echoes")
        await world.loop.settle()
        late = world.api.sealed(TunnelInput(*KEY, 0, b"late"))
        earlier = world.api.offers[KEY]
        world.say(TunnelRekey(*KEY, bytes(32)))
        await world.loop.settle()
        world.tunnels.received(late)
        world.tunnels.ordered(TunnelRekey(*KEY, earlier.half), 1)  # told again, long after
        world.say(TunnelInput(*KEY, 0, b"x"))
        await world.loop.settle()
        assert world.shown == b"readyx"

    in_a_world(main)


def test_a_rekey_of_a_channel_that_is_gone_starts_nothing() -> None:
    async def main(world: World) -> None:
        world.tunnels.ordered(TunnelRekey(*KEY, bytes(range(32))), 1)
        await world.loop.settle()
        assert world.refused == [GONE]
        assert world.system.screens == []

    in_a_world(main)
