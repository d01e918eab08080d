"""A gateway that was taken, or anybody on the bus: of a channel they read nothing, and say nothing that is believed."""

import os
from typing import Any

import msgspec
import pytest
from gururmm_server.core.post import traffic
from gururmm_server.core.tunnel import agent_channel
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.peer_log import LINES
from gururmm_wire.channel_seal import OUTPUT, RANDOM_BYTES, ChannelSeal, accept
from gururmm_wire.codec import decode_from_agent, decode_from_server
from gururmm_wire.orders import read
from gururmm_wire.v2.agent import Message, TunnelClosed, TunnelInputAck, TunnelOpened, TunnelOutput
from gururmm_wire.v2.server import Order, TunnelChange, TunnelInput, TunnelOpen, TunnelRekey
from nacl.bindings import crypto_sign, crypto_sign_seed_keypair
from structlog.testing import capture_logs

from packages.server.tests.waiting import until

from .conftest import House
from .scripted import ScriptedBrowser
from .test_relay import attached


class Tap:
    """Whoever holds a gateway or the broker: everything that passes there, both ways."""

    def __init__(self) -> None:
        self.down: list[Any] = []
        self.up: list[Any] = []
        self.bytes = b""

    async def listen(self, house: House) -> None:
        await house.bus.subscribe(f"gateway.{house.agent.gateway_id}.>", self._down)
        await house.bus.subscribe("tunnel.>", self._up)
        await house.bus.settled()

    def of(self, kind: type[Message]) -> list[Any]:
        return [message for message in (*self.down, *self.up) if isinstance(message, kind)]

    def _down(self, subject: str, payload: bytes) -> None:
        self.bytes += payload
        if not subject.endswith(".kick"):
            message = decode_from_server(msgspec.msgpack.decode(payload, type=traffic.Deliver).message)
            self.down.append(read(message)[1] if isinstance(message, Order) else message)

    def _up(self, subject: str, payload: bytes) -> None:
        self.bytes += payload
        if subject.endswith(".up"):
            self.up += map(decode_from_agent, traffic.split_up(payload)[2])


async def test_what_goes_over_the_bus_says_nothing(house: House) -> None:
    tap = Tap()
    await tap.listen(house)
    _, browser = await attached(house)
    secret = os.urandom(8).hex().encode()
    browser.type(secret)
    await until(lambda: browser.output == secret)
    await until(lambda: tap.of(TunnelInput) and tap.of(TunnelOutput))
    assert secret not in tap.bytes
    assert {type(message) for message in tap.up} >= {TunnelOpened, TunnelOutput}


async def test_output_that_the_machine_did_not_say_is_not_shown(house: House) -> None:
    tap = Tap()
    await tap.listen(house)
    session_id, browser = await attached(house)
    await until(lambda: house.agent.seal)
    await house.agent.print(b"true ")
    await until(lambda: browser.output == b"true ")
    genuine = (await until(lambda: tap.of(TunnelOutput)))[-1]
    stranger = ChannelSeal(bytes(32), bytes(32))
    for forged in (
        TunnelOutput(session_id.bytes, 1, 5, b"rm -rf /"),
        TunnelOutput(session_id.bytes, 1, 5, stranger.seal(OUTPUT, 5, b"rm -rf /")),
        msgspec.structs.replace(genuine, offset=5),
    ):
        await house.agent.say_as_it_is(forged)
    await house.agent.print(b"mine")
    await until(lambda: browser.output == b"true mine")
    browser.type(b"exit\r")
    await until(lambda: browser.output == b"true mineexit\r")
    await house.agent.exit(0)
    await until(lambda: browser.close_code == 1000)
    shown = [data for kind, data in await house.recorded(session_id) if kind == "o"]
    assert b"".join(shown) == b"true mineexit\r"


async def test_a_flood_of_what_is_not_believed_fills_no_log(house: House) -> None:
    """Output under no key of ours, and another machine's words."""
    session_id, browser = await attached(house)
    await until(lambda: house.agent.seal)
    browser.type(b"ls")
    await until(lambda: browser.output == b"ls" and browser.acknowledged_input == 2)
    sealed = ChannelSeal(bytes(32), bytes(32)).seal(OUTPUT, 2, b"x")
    with capture_logs() as lines:
        for _ in range(100):
            await house.agent.say_as_it_is(TunnelOutput(session_id.bytes, 1, 2, sealed))
            await house.agent.say(TunnelInputAck(session_id.bytes, 1, 0), sender=new_id())
        await house.agent.print(b"mine")
        await until(lambda: browser.output == b"lsmine")
    for what in ("does not open", "came from another agent"):
        assert 0 < sum(what in line["event"] for line in lines) <= LINES, what


async def test_a_half_of_a_gateway_makes_no_key(house: House) -> None:
    """It answers the offer for the machine, with a half of its own: the machine's key is what it lacks."""
    _, thief = crypto_sign_seed_keypair(os.urandom(32))
    seals = []

    def intercept(message: Any) -> bool:
        if isinstance(message, TunnelOpen) and message.half is not None:
            half, signature, seal = accept(
                message.session_id,
                1,
                message.half,
                random=os.urandom(RANDOM_BYTES),
                sign=lambda signed: crypto_sign(signed, thief)[:64],
            )
            seals.append((TunnelOpened(message.session_id, 1, half, signature), seal))
        return True

    house.agent.lose_to_agent = intercept
    session_id, browser = await attached(house)
    await until(lambda: seals)
    answer, seal = seals[0]
    await house.agent.say_as_it_is(answer)
    await house.agent.say_as_it_is(TunnelOutput(session_id.bytes, 1, 0, seal.seal(OUTPUT, 0, b"password: ")))
    browser.type(b"hunter2")
    house.agent.lose_to_agent = lambda message: False
    await until(lambda: house.agent.input == b"hunter2", 10)
    await until(lambda: browser.output == b"hunter2")


async def test_how_a_shell_ended_is_the_machines_word_alone(house: House) -> None:
    session_id, browser = await attached(house)
    await until(lambda: house.agent.seal)
    await house.agent.print(b"x")
    await until(lambda: browser.output == b"x")
    closed = TunnelClosed(session_id.bytes, 1, 0, "all is well", 1)
    await house.agent.say_as_it_is(msgspec.structs.replace(closed, proof=os.urandom(24)))
    await house.agent.print(b"y")
    await until(lambda: browser.output == b"xy")
    await house.agent.say_as_it_is(closed)
    await until(lambda: browser.close_code == 1000)
    assert browser.controls[-1]["exit_code"] is None
    status = await house.service.status(house.tech, session_id)
    assert (status.exit_code, status.close_reason) == (None, "agent_lost: all is well")


async def test_another_process_agrees_on_a_key_of_its_own(house: House) -> None:
    tap = Tap()
    await tap.listen(house)
    session_id, first = await attached(house)
    first.type(b"a")
    await until(lambda: first.output == b"a")
    await house.open_in_the_books(session_id)
    second = await house.attach(session_id, ScriptedBrowser(), house.others)
    await until(lambda: second.output == b"a")
    assert house.agent.rekeys >= 1
    assert len({message.half for message in tap.of(TunnelOpened)} - {None}) == 2
    assert {message.half for message in tap.of(TunnelRekey)}.isdisjoint(m.half for m in tap.of(TunnelOpen))


async def test_a_shell_that_the_machine_lost_is_not_begun_anew(house: House) -> None:
    session_id, first = await attached(house)
    first.type(b"a")
    await until(lambda: first.output == b"a")
    await house.open_in_the_books(session_id)
    house.agent.lost = True
    opens = len(house.agent.opens)
    second = await house.attach(session_id, ScriptedBrowser(), house.others)
    await until(lambda: second.close_code == 1000)
    assert second.controls[-1]["exit_code"] is None
    assert len(house.agent.opens) == opens


async def test_answers_played_to_and_fro_bring_no_number_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gateway keeps the machine's answers to two orders and plays them in turns: no key begins a second time."""
    monkeypatch.setattr(agent_channel, "ORDER_S", 0.2)
    tap = Tap()
    await tap.listen(house)
    answers: list[Any] = []

    def hold(message: Any) -> bool:
        if isinstance(message, TunnelOpened) and message.half is not None and message not in answers:
            answers.append(message)
        return isinstance(message, TunnelOpened)

    house.agent.lose_to_server = hold
    _, browser = await attached(house)
    await until(lambda: len(answers) >= 2)
    assert len({message.half for message in tap.of(TunnelOpen)} - {None}) >= 2, "each order has a half of its own"
    house.agent.lose_to_server = lambda message: False
    browser.type(b"hunter2")
    await until(lambda: house.agent.input == b"hunter2")
    for _ in range(5):
        for answer in answers:
            await house.agent.say_as_it_is(answer)
        await house.agent.announce()
    browser.type(b"!")
    await until(lambda: house.agent.input == b"hunter2!")
    numbers = [message.data[:8] for message in tap.of(TunnelInput)]
    numbers += [message.sealed[:8] for message in tap.of(TunnelChange)]
    assert len(set(numbers)) == len(numbers)


async def test_an_end_without_the_last_output_says_so(house: House) -> None:
    session_id, browser = await attached(house)
    await until(lambda: house.agent.seal)
    await house.agent.print(b"harmless")
    await until(lambda: browser.output == b"harmless")
    house.agent.lose_to_server = lambda message: isinstance(message, TunnelOutput)
    await house.agent.print(b"the rest")
    await house.agent.exit(0)
    await until(lambda: browser.close_code == 1000, 20)
    status = await house.service.status(house.tech, session_id)
    assert status.close_reason == "exited: 8 bytes of its last output did not arrive."
