"""Who gets in: the mutual challenge and everything that is refused at the door."""

import asyncio

from agent_end import Fleet, until
from gururmm_server.entrypoints.agent_gateway.gateway import Gateway
from gururmm_wire.codec import encode
from gururmm_wire.v2.agent import Heartbeat
from gururmm_wire.v2.limits import Close
from picows import WSMsgType


async def test_an_enrolled_agent_proves_itself_and_gets_its_settings(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    assert agent.welcome is not None
    assert agent.welcome.settings.heartbeat_s == 30
    assert agent.welcome.settings.version == 1
    await until(lambda: fleet.online(agent))


async def test_another_agents_id_is_not_enough(gateway: Gateway, fleet: Fleet) -> None:
    honest, thief = await fleet.enrol(2)
    challenge = await thief.open(gateway.port)
    thief.send(thief.proof(challenge, agent_id=honest.agent_id.bytes))
    assert await thief.ended() == Close.UNAUTHENTICATED


async def test_a_replayed_proof_is_worth_nothing(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    proof = agent.proof(await agent.open(gateway.port))
    agent.cut()
    await agent.open(gateway.port)
    agent.send(proof)
    assert await agent.ended() == Close.UNAUTHENTICATED


async def test_an_unknown_agent_is_refused(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    challenge = await agent.open(gateway.port)
    agent.send(agent.proof(challenge, agent_id=bytes(16)))
    assert await agent.ended() == Close.UNAUTHENTICATED


async def test_a_revoked_key_is_refused_as_such(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await fleet.value("update core.agents set revoked_at = now() where agent_id = $1", agent.agent_id)
    agent.send(agent.proof(await agent.open(gateway.port)))
    assert await agent.ended() == Close.REVOKED


async def test_a_valid_message_before_authentication_is_refused(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.open(gateway.port)
    agent.send(Heartbeat(at=1, cpu=1, memory=1))
    assert await agent.ended() == Close.UNAUTHENTICATED


async def test_a_message_on_the_heels_of_the_proof_is_refused(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    agent.send(agent.proof(await agent.open(gateway.port)))
    agent.send(Heartbeat(at=1, cpu=1, memory=1))
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
    agent.send_raw(encode(agent.proof(await (await fleet.enrol())[0].open(gateway.port))))
    assert await agent.ended() == Close.MALFORMED


async def test_whoever_says_nothing_is_let_go(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.open(gateway.port)
    for socket in gateway.roster.waiting:
        gateway.roster.waiting[socket] -= 10
    assert await agent.ended() == Close.AUTHENTICATION_TIMEOUT


async def test_a_dead_database_sends_agents_away_for_a_moment(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    challenge = await agent.open(gateway.port)

    async def broken(_ids: object) -> object:
        raise RuntimeError("broken on purpose")

    assert gateway._authenticator is not None
    gateway._authenticator._presence.candidates = broken
    agent.send(agent.proof(challenge))
    assert await agent.ended() == Close.UNAVAILABLE


async def test_a_gateway_that_takes_no_more_says_when_to_come_back(gateway: Gateway, fleet: Fleet) -> None:
    request = (
        b"GET /agent/v2 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    gateway._most = 0
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
    agent.send(agent.proof(challenges[0]))
    twin.send(twin.proof(challenges[1]))
    ended = [asyncio.create_task(end.ended()) for end in (agent, twin)]
    done, pending = await asyncio.wait(ended, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    assert [task.result() for task in done] == [Close.REPLACED]
    for task in pending:
        task.cancel()
    await asyncio.sleep(0.1)
    assert len(gateway.roster.agents) == 1
    assert await fleet.online(agent)
