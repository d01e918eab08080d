"""A machine that is removed: what runs there is told to end, then it is sent away, and may enrol again."""

import pytest
from agent_end import AgentEnd, Ended, Fleet, until
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.agents.errors import AgentNotFound
from gururmm_server.core.commands.removal import CancelAll
from gururmm_server.core.enrolment.directory import GatewayDirectory
from gururmm_server.core.enrolment.service import Bootstrap, agent_id_of
from gururmm_server.core.fleet.removal import AgentRemoval
from gururmm_server.core.orders.signing import OrderSigner
from gururmm_server.core.tenancy.codes import SiteCodes
from gururmm_server.core.tenancy.schemas import NewCode
from gururmm_server.core.tunnel.closing import close_all
from gururmm_server.core.tunnel.service import TunnelService
from gururmm_server.entrypoints.agent_gateway.gateway import Gateway
from gururmm_server.infra.database import Database
from gururmm_server.infra.nats import Bus
from gururmm_wire.challenge import enrolment_bytes
from gururmm_wire.hello import EnrolRequest
from gururmm_wire.v2.agent import CommandAccepted
from gururmm_wire.v2.limits import Close
from gururmm_wire.v2.server import CancelCommand, RunCommand, TunnelClose, TunnelOpen, Uninstall
from nacl.bindings import crypto_sign, crypto_sign_keypair
from test_commands import queue, status

from packages.server.tests.world import person


def admin(fleet: Fleet) -> Scope:
    return person(fleet.tenant_id, email="ann@example.org").inside()


@pytest.fixture
def removal(db: Database, bus: Bus, signer: OrderSigner) -> AgentRemoval:
    return AgentRemoval(db, bus, (CancelAll(signer), close_all), signer)


async def test_what_runs_there_is_ended_before_it_is_sent_away(
    *, gateway: Gateway, fleet: Fleet, db: Database, bus: Bus, signer: OrderSigner, removal: AgentRemoval
) -> None:
    (agent,) = await fleet.enrol()
    running, over = await queue(fleet, agent, "sleep 1000"), await queue(fleet, agent, status="succeeded")
    await agent.join(gateway.port)
    assert (await agent.expect(RunCommand)).command_id == running.bytes
    agent.send(CommandAccepted(command_id=running.bytes, started_at_ms=1))

    async def runs() -> bool:
        return await status(fleet, running) == "running"

    await until(runs)
    who = person(fleet.tenant_id, email="ann@example.org")
    session_id = (await TunnelService(db, bus, signer).open(who, agent.agent_id, "terminal", {})).session_id
    await agent.expect(TunnelOpen)
    await removal.remove(who.inside(), agent.agent_id)
    assert await agent.receive() == CancelCommand(running.bytes)
    assert await agent.receive() == TunnelClose(session_id.bytes)
    assert await agent.ended() == Close.REVOKED
    rows = await fleet.value("select array_agg(operation order by seq) from core.tunnel_audit")
    assert rows == ["tunnel.open", "channel.open", "command.cancelled", "channel.close", "tunnel.close"]
    assert await fleet.events("command.completed") == 1
    assert await fleet.events("tunnel.closed") == 1
    assert await fleet.value("select count(*) from core.commands where command_id = any($1)", [running, over]) == 0


async def test_a_command_that_no_machine_has_seen_is_cancelled_too(fleet: Fleet, removal: AgentRemoval) -> None:
    (agent,) = await fleet.enrol()
    await queue(fleet, agent)
    await removal.remove(admin(fleet), agent.agent_id)
    assert await fleet.value("select operation from core.tunnel_audit") == "command.cancelled"
    with pytest.raises(AgentNotFound):
        await removal.remove(admin(fleet), agent.agent_id)
    assert await fleet.value("select count(*) from core.audit_log") == 1


async def test_a_removed_agent_is_told_so_if_it_proves_its_key(
    gateway: Gateway, fleet: Fleet, removal: AgentRemoval
) -> None:
    agent, other = await fleet.enrol(2)
    await removal.remove(admin(fleet), agent.agent_id)
    agent.send_raw(agent.proof(await agent.open(gateway.port)))
    assert await agent.ended() == Close.REVOKED
    thief = AgentEnd(agent.agent_id, other.secret_key, fleet.server_key)
    thief.send_raw(thief.proof(await thief.open(gateway.port)))
    assert await thief.ended() == Close.UNAUTHENTICATED


async def test_the_same_key_may_enrol_again(
    *, gateway: Gateway, fleet: Fleet, db: Database, bus: Bus, signer: OrderSigner, removal: AgentRemoval
) -> None:
    public_key, secret_key = crypto_sign_keypair()
    code = (await SiteCodes(db, "http://x").create(admin(fleet), fleet.site_id, NewCode())).code
    request = EnrolRequest(
        site_code=code,
        public_key=public_key.hex(),
        signature=crypto_sign(enrolment_bytes(code, public_key.hex(), "kiosk-1"), secret_key)[:64].hex(),
        hostname="kiosk-1",
    )
    bootstrap = Bootstrap(db, GatewayDirectory(db), signer)
    agent = AgentEnd(agent_id_of(fleet.tenant_id, public_key), secret_key, fleet.server_key)
    fleet.ends.append(agent)
    for _ in range(2):
        assert (await bootstrap.enrol(request, "192.0.2.1")).agent_id == str(agent.agent_id)
        assert await fleet.value("select count(*) from core.removed_agents") == 0
        await agent.join(gateway.port)
        await until(lambda: fleet.online(agent))
        await removal.remove(admin(fleet), agent.agent_id)
        assert await agent.ended() == Close.REVOKED
        assert await fleet.value("select public_key from core.removed_agents") == public_key


async def test_one_that_was_off_is_told_to_take_its_agent_away_when_it_is_back(
    gateway: Gateway, fleet: Fleet, removal: AgentRemoval
) -> None:
    """However often it comes. An older agent, which does not know what that means, hears only that it was removed."""
    (agent,) = await fleet.enrol()
    await removal.remove(admin(fleet), agent.agent_id, uninstall=True)
    for _ in range(2):
        await agent.join(gateway.port)
        assert (await agent.expect(Uninstall)).reason == "removed by ann@example.org"
        assert await agent.ended() == Close.REVOKED
    assert not gateway.roster.agents
    agent.send_raw(agent.proof(await agent.open(gateway.port), capabilities=["open_names"]))
    with pytest.raises(Ended) as end:
        await agent.receive()
    assert end.value.code == Close.REVOKED
    agent.send_raw(agent.proof(await agent.open(gateway.port), purpose="tunnel"))
    with pytest.raises(Ended):
        await agent.receive()
    thief = AgentEnd(agent.agent_id, crypto_sign_keypair()[1], fleet.server_key)
    thief.send_raw(thief.proof(await thief.open(gateway.port)))
    assert await thief.ended() == Close.UNAUTHENTICATED


async def test_one_that_is_connected_is_told_at_once(gateway: Gateway, fleet: Fleet, removal: AgentRemoval) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    await until(lambda: fleet.online(agent))
    await removal.remove(admin(fleet), agent.agent_id, uninstall=True)
    assert (await agent.expect(Uninstall)).reason == "removed by ann@example.org"
    assert await agent.ended() == Close.REVOKED
    row = await fleet.row("select operation, details from core.audit_log")
    assert row["operation"] == "agent.deleted"
    assert "uninstall" in str(row["details"])
