"""Who gets in: the mutual challenge and everything that is refused at the door."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from agent_end import Fleet, until
from gururmm_server.core.presence.service import Presence
from gururmm_server.entrypoints.agent_gateway.gateway import Gateway
from gururmm_wire import handshake
from gururmm_wire.codec import encode
from gururmm_wire.v2.agent import Authenticate, Heartbeat
from gururmm_wire.v2.limits import Close
from gururmm_wire.v2.server import Settings, SettingsPush
from picows import WSMsgType

Start = Callable[..., Awaitable[Gateway]]


async def test_an_enrolled_agent_proves_itself_and_gets_its_settings(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    order = fleet.order(fleet.tenant_id, SettingsPush(Settings(version=1, heartbeat_s=30)))
    await fleet.value("update core.tenant_settings set signed_order = $1", order)
    await agent.join(gateway.port)
    assert agent.welcome is not None
    assert (await agent.expect(SettingsPush)).settings == Settings(version=1, heartbeat_s=30)
    assert encode(agent.orders[0]) == order
    await until(lambda: fleet.online(agent))


async def test_another_agents_id_is_not_enough(gateway: Gateway, fleet: Fleet) -> None:
    honest, thief = await fleet.enrol(2)
    challenge = await thief.open(gateway.port)
    thief.send_raw(thief.proof(challenge, agent_id=honest.agent_id.bytes))
    assert await thief.ended() == Close.UNAUTHENTICATED


async def test_a_replayed_proof_is_worth_nothing(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    proof = agent.proof(await agent.open(gateway.port))
    agent.cut()
    await agent.open(gateway.port)
    agent.send_raw(proof)
    assert await agent.ended() == Close.UNAUTHENTICATED


async def test_an_unknown_agent_is_refused(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    challenge = await agent.open(gateway.port)
    agent.send_raw(agent.proof(challenge, agent_id=bytes(16)))
    assert await agent.ended() == Close.UNAUTHENTICATED


async def test_a_revoked_key_is_refused_as_such(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await fleet.value("update core.agents set revoked_at = now() where agent_id = $1", agent.agent_id)
    agent.send_raw(agent.proof(await agent.open(gateway.port)))
    assert await agent.ended() == Close.REVOKED


async def test_a_valid_message_before_authentication_is_refused(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.open(gateway.port)
    agent.send_raw(encode(Heartbeat(at=1, cpu=1, memory=1)))
    assert await agent.ended() == Close.UNAUTHENTICATED


async def test_a_message_on_the_heels_of_the_proof_is_refused(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    agent.send_raw(agent.proof(await agent.open(gateway.port)))
    agent.send_raw(encode(Heartbeat(at=1, cpu=1, memory=1)))
    assert await agent.ended() == Close.UNAUTHENTICATED


async def test_before_authentication_four_kilobytes_are_the_most(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.open(gateway.port)
    agent.send_raw(bytes(4097))
    assert await agent.ended() == Close.TOO_LARGE


async def test_text_frames_are_refused(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    agent.send_raw(b"hello", WSMsgType.TEXT)
    assert await agent.ended() == 1003


async def test_only_the_agents_path_is_upgraded(gateway: Gateway) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(
        b"GET /agent/v1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    assert (await asyncio.wait_for(reader.readline(), 5)).split()[1] == b"404"
    writer.close()


async def test_a_second_proof_is_malformed(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    agent.send(Authenticate(agent.agent_id.bytes, bytes(32), fleet.server_key, "0.1.0"))
    assert await agent.ended() == Close.MALFORMED


async def test_an_agent_that_pinned_another_server_is_told_so(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    agent.send_raw(agent.proof(await agent.open(gateway.port), server_key=bytes(32)))
    assert await agent.ended() == Close.UNAUTHENTICATED


@pytest.mark.parametrize("point", [bytes(32), b"\x01" + bytes(31)])
async def test_an_ephemeral_key_that_fixes_the_outcome_is_refused(gateway: Gateway, fleet: Fleet, point: bytes) -> None:
    (agent,) = await fleet.enrol()
    agent.send_raw(agent.proof(await agent.open(gateway.port), ephemeral=point))
    assert await agent.ended() == Close.UNAUTHENTICATED
    assert not gateway.roster.agents


async def test_a_flood_of_strangers_costs_no_multiplication(
    gateway: Gateway, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sockets, proofs of agents that don't exist, and proofs by the wrong key: nonces and verifications, no more."""
    asked = []

    def counted(name: str, multiply: Callable[..., bytes]) -> Callable[..., bytes]:
        def count(*given: bytes) -> bytes:
            asked.append(name)
            return multiply(*given)

        return count

    thieves = await fleet.enrol(3)
    (honest,) = await fleet.enrol()
    frames = [thief.proof(await thief.open(gateway.port), agent_id=honest.agent_id.bytes) for thief in thieves[:2]]
    frames.append(thieves[2].proof(await thieves[2].open(gateway.port), agent_id=bytes(16)))
    for name in ("crypto_scalarmult", "crypto_scalarmult_base"):
        monkeypatch.setattr(handshake, name, counted(name, getattr(handshake, name)))
    for thief, frame in zip(thieves, frames, strict=True):
        thief.send_raw(frame)
        assert await thief.ended() == Close.UNAUTHENTICATED
    assert asked == []
    await honest.join(gateway.port)
    assert sorted(asked) == ["crypto_scalarmult"] * 2 + ["crypto_scalarmult_base"] * 2  # both ends, in this process


async def test_a_close_frame_does_not_count_as_a_goodbye(gateway: Gateway, fleet: Fleet) -> None:
    """Whoever is in the middle can send one: the machine has its time to be back, as after any broken connection."""
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    await until(lambda: fleet.online(agent))
    agent.transport.send_close(1000, b"goodbye")
    await agent.ended()
    assert agent.agent_id.bytes in gateway.roster.leaving
    await agent.join(gateway.port)
    assert await fleet.events("agent.offline") == 0


async def test_whoever_says_nothing_is_let_go(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.open(gateway.port)
    for socket in gateway.roster.waiting:
        gateway.roster.waiting[socket] -= 10
    assert await agent.ended() == Close.AUTHENTICATION_TIMEOUT


async def test_a_dead_database_sends_agents_away_for_a_moment(
    gateway: Gateway, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    (agent,) = await fleet.enrol()
    challenge = await agent.open(gateway.port)

    async def broken(_self: Presence, _ids: object) -> object:
        raise RuntimeError("broken on purpose")

    monkeypatch.setattr(Presence, "candidates", broken)
    agent.send_raw(agent.proof(challenge))
    assert await agent.ended() == Close.UNAVAILABLE


async def test_a_gateway_that_takes_no_more_says_when_to_come_back(start_gateway: Start) -> None:
    gateway = await start_gateway(most=0)
    request = (
        b"GET /agent/v2 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.read(), 5)
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 5" in answer
    writer.close()


async def test_two_connections_at_once_end_with_one(gateway: Gateway, fleet: Fleet) -> None:
    """Both proofs in one batch: the second gets its own, newer session."""
    (agent,) = await fleet.enrol()
    twin = type(agent)(agent.agent_id, agent.secret_key, fleet.server_key)
    fleet.ends.append(twin)
    challenges = await asyncio.gather(agent.open(gateway.port), twin.open(gateway.port))
    agent.send_raw(agent.proof(challenges[0]))
    twin.send_raw(twin.proof(challenges[1]))
    ended = [asyncio.create_task(end.ended()) for end in (agent, twin)]
    done, pending = await asyncio.wait(ended, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    assert [task.result() for task in done] == [Close.REPLACED]
    for task in pending:
        task.cancel()
    assert len(gateway.roster.agents) == 1
    await until(lambda: fleet.online(agent))
