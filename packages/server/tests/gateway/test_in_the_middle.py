"""A proxy that passes both proofs on unchanged and then has ideas of its own: it can cut the line, and nothing else."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from agent_end import Fleet, until
from gururmm_server.core.post import traffic
from gururmm_server.core.post.traffic import Deliver
from gururmm_server.entrypoints.agent_gateway.gateway import Gateway
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.nats import Bus
from gururmm_wire import orders
from gururmm_wire.codec import encode
from gururmm_wire.v2.agent import Goodbye, Heartbeat, Message
from gururmm_wire.v2.server import RunCommand, Settings, SettingsPush, TunnelOpen, Watch
from in_the_middle import DOWN, UP, Middle, Plan, Relayed, honest

BROKEN_SEAL = 4010


class House:
    """A real agent process, a real gateway, and the middle between them."""

    def __init__(self, middle: Middle, bus: Bus, fleet: Fleet, home: Path) -> None:
        self.middle = middle
        self.fleet = fleet
        self.end = fleet.ends[0]
        self.ran = home / "ran"
        self._bus = bus

    async def tell(self, message: Message) -> None:
        """Let the gateway tell the agent this, in the way in which other processes ask for it."""
        order = Deliver(agent_id=self.end.agent_id.bytes, message=self.signed(message))
        await self._bus.publish(traffic.gateway_deliver(self.middle.gateway_id), traffic.encode(order))

    def signed(self, message: Message) -> bytes:
        """The message as what is sure to be obeyed, were it the gateway's: as an order, where it counts only in one."""
        if orders.kind_of(message) is None:
            return encode(message)
        changes = {"addressee": self.fleet.tenant_id.bytes} if isinstance(message, SettingsPush) else {}
        return self.fleet.order(self.end.agent_id, message, **changes)

    def command(self, word: str) -> RunCommand:
        """A command that leaves this word behind."""
        return RunCommand(new_id().bytes, "sh", f"echo {word} >> {self.ran}", 30)

    async def serves(self) -> None:
        """The agent is connected again, by a way on which nobody interferes, and does what it is told: once."""

        async def done() -> bool:
            return "honest" in self.words()

        self.middle.plan = honest
        command = self.command("honest")
        while not await done():  # told again until it is accepted, as the sweep of commands does
            await self.tell(command)
            with suppress(TimeoutError):
                await until(done, 1)

    def words(self) -> list[str]:
        """What was run, in order."""
        return self.ran.read_text().split() if self.ran.exists() else []

    async def ended(self) -> tuple[str, int]:
        """Which way the first close frame went, and its code."""
        return await asyncio.wait_for(self.middle.closed.get(), 30)


@pytest.fixture
async def house(gateway: Gateway, bus: Bus, fleet: Fleet, tmp_path: Path) -> AsyncIterator[House]:
    (end,) = await fleet.enrol()
    async with Middle(gateway) as middle:
        state = tmp_path / "state"
        state.mkdir(mode=0o700)
        identity = {
            "server": "http://127.0.0.1:1",  # nobody answers hello there: the last gateway will do
            "agent_id": str(end.agent_id),
            "private_key": end.secret_key[:32].hex(),
            "tenant_id": str(fleet.tenant_id),
            "server_public_key": fleet.server_key.hex(),
            "order_keys": [fleet.order_key.public_key.hex()],
            "gateway": f"ws://127.0.0.1:{middle.port}",
        }
        (state / "identity.json").write_text(json.dumps(identity))
        with (tmp_path / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "gururmm_agent", "run", "--state-dir", str(state)), stdout=log, stderr=log
            )
        try:
            yield House(middle, bus, fleet, tmp_path)
        finally:
            process.kill()
            await process.wait()
            print((tmp_path / "log").read_text())  # noqa: T201 - shown when the test fails


@pytest.mark.parametrize("what", ["command", "settings", "terminal"])
async def test_what_the_middle_puts_in_is_not_obeyed(house: House, what: str) -> None:
    """Before messages were sealed, the agent ran this command as root: both proofs are genuine."""
    link = await house.middle.link(0)
    put_in: dict[str, Message] = {
        "command": house.command("injected"),
        "settings": SettingsPush(Settings(version=99, heartbeat_s=3600)),
        "terminal": TunnelOpen(bytes(16), 1, "terminal", {}, ["input"], 65536, None),
    }
    link.put_in(DOWN, house.signed(put_in[what]))
    assert await _first(house, "injected") == (UP, BROKEN_SEAL)
    await house.serves()
    assert house.words() == ["honest"]


async def _first(house: House, word: str) -> tuple[str, int]:
    """The close frame that ends the connection; or the word, where that was run instead."""
    ended = asyncio.create_task(house.ended())
    while not ended.done():
        await asyncio.wait({ended}, timeout=0.05)
        assert word not in house.words(), "what the middle put in was run"
    return ended.result()


def _only(way: str, number: int, change: Plan) -> Plan:
    """Change the message of this number on this way of the first connection; the rest passes."""
    count = 0

    def plan(link: Relayed, going: str, message: bytes) -> list[bytes]:
        nonlocal count
        if going is not way:
            return [message]
        count += 1
        return change(link, going, message) if count == number else [message]

    return plan


def _flipped(message: bytes, place: int) -> bytes:
    return message[:place] + bytes((message[place] ^ 1,)) + message[place + 1 :]


CHANGES: dict[str, Plan] = {
    "the first bit": lambda _link, _way, message: [_flipped(message, 0)],
    "cut short": lambda _link, _way, message: [message[:-1]],
    "emptied": lambda _link, _way, _message: [b""],
    "repeated": lambda _link, _way, message: [message, message],
    "an earlier one": lambda link, way, message: [link.said[way][-2], message],
    "sent back": lambda link, way, message: [link.said[DOWN if way is UP else UP][-1], message],
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_on_the_way_down_ends_the_connection(house: House, change: str) -> None:
    link = await house.middle.link(0)
    house.middle.plan = _only(DOWN, 1, CHANGES[change])
    await house.tell(house.command("once"))
    assert await house.ended() == (UP, BROKEN_SEAL)
    assert len(link.said[DOWN]) >= 4
    await house.serves()
    assert house.words().count("once") <= 1  # a repeated command is refused at the seal, not by its id


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_on_the_way_up_ends_the_connection(house: House, change: str) -> None:
    await house.middle.link(0)
    house.middle.plan = _only(UP, 1, CHANGES[change])
    await house.tell(Watch(1, 60))  # so that it speaks
    assert await house.ended() == (DOWN, BROKEN_SEAL)
    await house.serves()


@pytest.mark.parametrize("order", [[1, 0], [1]])
async def test_messages_swapped_or_left_out_on_the_way_down(house: House, order: list[int]) -> None:
    await house.middle.link(0)
    held: list[bytes] = []

    def plan(_link: Relayed, way: str, message: bytes) -> list[bytes]:
        if way is UP or len(held) == 2:
            return [message]
        held.append(message)
        return [held[place] for place in order] if len(held) == 2 else []

    house.middle.plan = plan
    await house.tell(house.command("first"))
    await house.tell(house.command("second"))
    assert await house.ended() == (UP, BROKEN_SEAL)
    await house.serves()
    assert "second" not in house.words()


async def test_the_gateway_believes_nothing_that_the_middle_says_for_an_agent(house: House) -> None:
    link = await house.middle.link(0)
    await until(lambda: house.fleet.online(house.end))
    link.put_in(UP, encode(Heartbeat(at=1, cpu=999, memory=999)))
    assert await house.ended() == (DOWN, BROKEN_SEAL)
    again = await house.middle.link(1)
    again.put_in(UP, encode(Goodbye("the machine is sold")))
    assert await house.ended() == (DOWN, BROKEN_SEAL)
    await house.serves()
    assert await house.fleet.value("select cpu from core.agent_state") != 999
    assert await house.fleet.events("agent.offline") == 0


async def test_messages_of_an_earlier_connection_are_worth_nothing(house: House) -> None:
    first = await house.middle.link(0)
    recorded = first.said[DOWN][2], first.said[UP][2]
    first.end()
    second = await house.middle.link(1)
    second.put_in(DOWN, recorded[0])
    assert await house.ended() == (UP, BROKEN_SEAL)
    third = await house.middle.link(2)
    third.put_in(UP, recorded[1])
    assert await house.ended() == (DOWN, BROKEN_SEAL)
    await house.serves()


async def test_a_handshake_of_another_connection_opens_none(house: House) -> None:
    """The proofs of one connection, played to the agent and to the gateway in another."""
    first = await house.middle.link(0)
    recorded = {way: list(said) for way, said in first.said.items()}

    def replay(link: Relayed, way: str, message: bytes) -> list[bytes]:
        if way is DOWN and len(link.said[DOWN]) == 2:
            return [recorded[DOWN][1]]
        return [message]

    house.middle.plan = replay
    first.end()
    assert await house.ended() == (UP, 4001)
    house.middle.plan = lambda link, way, message: (
        [recorded[UP][0]] if way is UP and len(link.said[UP]) == 1 else [message]
    )
    assert await house.ended() == (DOWN, 4001)
    await house.serves()


async def test_what_goes_over_the_wire_says_nothing(house: House) -> None:
    """Sizes and no more: neither the script nor the machine's name nor any word of an inventory."""
    link = await house.middle.link(0)
    secret = os.urandom(8).hex()
    await house.tell(house.command(secret))

    async def ran() -> bool:
        return secret in house.words()

    await until(ran)
    await house.serves()
    over_the_wire = b"".join(link.said[UP] + link.said[DOWN])
    for word in (secret, "honest", "echo", "cpu", "system"):
        assert word.encode() not in over_the_wire
