"""Two machines with one key, as after a disk was copied: neither of them is let in, and both are named."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
from agent_end import AgentEnd, Ended, Fleet, until
from gururmm_server.core.access.scope import Scope, system_scope
from gururmm_server.core.enrolment.directory import GatewayDirectory
from gururmm_server.core.enrolment.service import Bootstrap
from gururmm_server.core.fleet.doubles import DoubleMachines
from gururmm_server.core.fleet.errors import DoubleNotFound
from gururmm_server.core.fleet.removal import AgentRemoval
from gururmm_server.core.orders.signing import OrderSigner
from gururmm_server.core.presence import state
from gururmm_server.core.tenancy.codes import SiteCodes
from gururmm_server.entrypoints.agent_gateway.gateway import Gateway
from gururmm_server.infra.database import Database
from gururmm_server.infra.nats import Bus
from gururmm_wire.challenge import enrolment_bytes
from gururmm_wire.hello import EnrolRequest
from gururmm_wire.v2.limits import Close
from gururmm_wire.v2.server import ChangeIdentity, RunCommand
from nacl.bindings import crypto_sign, crypto_sign_keypair
from test_commands import queue

from packages.server.tests.world import person

MACHINE_ID = "0123456789abcdef0123456789abcdef"


def admin(fleet: Fleet) -> Scope:
    return person(fleet.tenant_id, email="ann@example.org").inside()


@pytest.fixture
def doubles(db: Database, bus: Bus, signer: OrderSigner) -> DoubleMachines:
    return DoubleMachines(db, SiteCodes(db, "http://x"), AgentRemoval(db, bus, (), signer))


def copy_of(fleet: Fleet, agent: AgentEnd) -> AgentEnd:
    """Another machine with the same state: the same id and key, and the same orders pinned."""
    twin = agent.second()
    fleet.pin(twin)
    fleet.ends.append(twin)
    return twin


def said(hostname: str, instance: bytes, machine_id: str = MACHINE_ID) -> dict[str, object]:
    return {"hostname": hostname, "instance": instance, "machine_id": machine_id}


async def knock(end: AgentEnd, port: int, **changes: object) -> int:
    """Prove the key, and see how that ends."""
    end.send_raw(end.proof(await end.open(port), **changes))
    return await end.ended()


async def names(db: Database, fleet: Fleet, agent: AgentEnd) -> list[str]:
    async with db.scope(system_scope(fleet.tenant_id)) as tx:
        return [row.hostname for row in await state.of_machine(tx, agent.agent_id)]


async def pair(gateway: Gateway, fleet: Fleet) -> tuple[AgentEnd, AgentEnd, bytes, bytes]:
    """A machine that is connected, and a copy of it that came while it was: by now both were sent away."""
    (main,) = await fleet.enrol()
    clone, mine, its = copy_of(fleet, main), os.urandom(16), os.urandom(16)
    await main.join(gateway.port, **said("main", mine))
    await until(lambda: fleet.online(main))
    assert await knock(clone, gateway.port, **said("clone", its)) == Close.UNAVAILABLE
    assert await main.ended() == Close.AMBIGUOUS
    return main, clone, mine, its


async def test_nothing_runs_on_either_and_both_are_named(gateway: Gateway, fleet: Fleet, db: Database) -> None:
    main, clone, mine, its = await pair(gateway, fleet)
    await queue(fleet, main, "hostname")
    for _ in range(2):
        assert await knock(clone, gateway.port, **said("clone", its)) == Close.AMBIGUOUS
        assert await knock(main, gateway.port, **said("main", mine)) == Close.AMBIGUOUS
    assert await names(db, fleet, main) == ["main", "clone"]
    assert await fleet.value("select status from core.commands") == "queued"
    assert await fleet.events("agent.doubled") == 1
    told = await fleet.value("select convert_from(payload, 'utf8') from core.outbox where name = 'agent.doubled'")
    assert "main (127.0.0.1) and clone (127.0.0.1)" in told
    offline = await fleet.value("select convert_from(payload, 'utf8') from core.outbox where name = 'agent.offline'")
    assert "another machine has its key" in offline
    # Their connections for channels are none, too.
    assert await knock(clone, gateway.port, purpose="tunnel", **said("clone", its)) == Close.AMBIGUOUS
    assert not gateway.roster.agents
    assert not gateway.roster.tunnels


async def test_whoever_does_not_prove_the_key_makes_nobody_ambiguous(gateway: Gateway, fleet: Fleet) -> None:
    main, thief = await fleet.enrol(2)
    await main.join(gateway.port, **said("main", os.urandom(16)))
    claim = {"agent_id": main.agent_id.bytes, **said("thief", os.urandom(16))}
    assert await knock(thief, gateway.port, **claim) == Close.UNAUTHENTICATED
    await main.understood()
    assert await fleet.value("select count(*) from core.agent_doubles") == 0


async def test_a_machine_that_was_switched_off_and_on_is_let_in(gateway: Gateway, fleet: Fleet) -> None:
    """Its older connection hangs, and does not answer when it is asked."""
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port, **said("main", os.urandom(16)))
    agent.listener.answer_pings = False
    again, instance = copy_of(fleet, agent), os.urandom(16)
    ends: list[int] = []

    async def is_in() -> bool:
        try:
            await again.join(gateway.port, **said("main", instance))
        except Ended as end:
            ends.append(end.code)
            return False
        return True

    await until(is_in)
    assert set(ends) == {Close.UNAVAILABLE}
    assert await fleet.value("select count(*) from core.agent_doubles") == 0


async def test_one_process_that_comes_again_replaces_its_older_connection(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    instance = os.urandom(16)
    await agent.join(gateway.port, **said("main", instance))
    await copy_of(fleet, agent).join(gateway.port, **said("main", instance))
    assert await agent.ended() == Close.REPLACED


async def test_another_name_and_machine_id_than_those_on_record_are_another_machines(
    *, gateway: Gateway, fleet: Fleet, db: Database, doubles: DoubleMachines
) -> None:
    """Also while the machine itself is off. Somebody says that there is only one: then it is known by its new id."""
    (agent,) = await fleet.enrol()
    instance = os.urandom(16)
    await agent.join(gateway.port, **said("main", instance))  # an older row has none: it is taken from the agent

    async def known_as(machine_id: str) -> bool:
        found = await fleet.value("select machine_id from core.agents where agent_id = $1", agent.agent_id)
        return bool(found == machine_id)

    await until(lambda: known_as(MACHINE_ID))
    await agent.gone()
    await fleet.value("update core.agents set hostname = 'main' where agent_id = $1", agent.agent_id)
    other, its = copy_of(fleet, agent), "f" * 32
    assert await knock(other, gateway.port, **said("copy", os.urandom(16), its)) == Close.AMBIGUOUS
    assert await names(db, fleet, agent) == ["copy"]
    assert await knock(agent, gateway.port, **said("main", instance)) == Close.AMBIGUOUS
    await doubles.call_it_one(admin(fleet), agent.agent_id)
    await other.join(gateway.port, **said("copy", os.urandom(16), its))
    await until(lambda: known_as(its))
    await other.gone()
    # A machine whose id is made anew keeps its name, and one that is renamed keeps its id.
    await other.join(gateway.port, **said("main", os.urandom(16), "e" * 32))
    await until(lambda: known_as("e" * 32))
    await other.gone()
    await other.join(gateway.port, **said("renamed", os.urandom(16), "e" * 32))


async def test_the_copy_makes_a_key_of_its_own_and_the_machine_is_back(
    *, gateway: Gateway, fleet: Fleet, db: Database, signer: OrderSigner, doubles: DoubleMachines
) -> None:
    main, clone, mine, its = await pair(gateway, fleet)
    await queue(fleet, main, "hostname")
    with pytest.raises(DoubleNotFound):
        await doubles.give_own_key(admin(fleet), main.agent_id, bytes(16))
    await doubles.give_own_key(admin(fleet), main.agent_id, its)
    assert await knock(main, gateway.port, **said("main", mine)) == Close.AMBIGUOUS
    await clone.join(gateway.port, **said("clone", its))
    order = await clone.expect(ChangeIdentity)
    assert (order.agent_id, order.instance) == (None, its)
    assert await clone.ended() == Close.AMBIGUOUS
    # What its agent does then.
    public_key, secret_key = crypto_sign_keypair()
    signed = enrolment_bytes(order.site_code, public_key.hex(), "clone")
    request = EnrolRequest(
        site_code=order.site_code,
        public_key=public_key.hex(),
        signature=crypto_sign(signed, secret_key)[:64].hex(),
        hostname="clone",
        machine_id=MACHINE_ID,
        agent_id=str(main.agent_id),
        agent_signature=crypto_sign(signed, main.secret_key)[:64].hex(),
    )
    answer = await Bootstrap(db, GatewayDirectory(db), signer).enrol(request, "192.0.2.1")
    assert answer.outcome == "copy"
    assert answer.message.startswith("This machine was a copy of host-")
    assert await names(db, fleet, main) == []
    await main.join(gateway.port, **said("main", mine))
    assert (await main.expect(RunCommand)).script == "hostname"
    new = AgentEnd(UUID(answer.agent_id), secret_key, fleet.server_key)
    fleet.ends.append(new)
    await new.join(gateway.port, **said("clone", os.urandom(16)))
    await asyncio.gather(main.understood(), new.understood())
    assert await fleet.value("select kept_apart from core.agents where agent_id = $1", new.agent_id)
    rows = await fleet.value("select array_agg(operation order by seq) from core.audit_log")
    assert rows == ["site_code.created", "agent.own_key_ordered", "agent.enrolled"]


async def test_between_two_gateways_too(
    start_gateway: Callable[..., Awaitable[Gateway]], fleet: Fleet, db: Database
) -> None:
    first, second = await start_gateway(), await start_gateway()
    (main,) = await fleet.enrol()
    clone, mine, its = copy_of(fleet, main), os.urandom(16), os.urandom(16)
    await main.join(first.port, **said("main", mine))
    await until(lambda: fleet.online(main))
    await clone.join(second.port, **said("clone", its))
    assert await main.ended() == Close.AMBIGUOUS
    assert await clone.ended() == Close.AMBIGUOUS
    assert await names(db, fleet, main) == ["main", "clone"]
