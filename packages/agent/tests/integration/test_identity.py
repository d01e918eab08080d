"""Who an agent is: explicit enrolment beats what was kept, and signed orders change it or take the agent away."""

import asyncio
import json
import os
from uuid import UUID

import pytest
from gururmm_agent.state import StateDirectory
from gururmm_wire.v2.agent import CommandAccepted, OrderRefused
from gururmm_wire.v2.limits import Close
from gururmm_wire.v2.server import ChangeIdentity, RunCommand, Uninstall

from packages.agent.tests.integration.test_link import run_once

AGENT_ID = "0190a0b0-0000-7000-8000-000000000001"
"""Who the server of these tests says an agent is."""
ANOTHER = "0190a0b0-0000-7000-8000-0000000000ff"


def enrolment(gateway, agent, *more: str) -> tuple[str, ...]:
    return ("enrol", "--server", gateway.url, "--site-code", gateway.site_code, "--state-dir", str(agent.state), *more)


async def test_an_explicit_enrolment_asks_the_server_though_there_is_an_identity(gateway, agent):
    """Also while the agent runs: what it writes later does not undo what the enrolment found out."""
    await agent.start()
    key = gateway.enrolments[0].public_key
    gateway.enrol_changes = {
        "agent_id": ANOTHER,
        "outcome": "again",
        "message": "It is\x1b[2J back.",
        "orders_after": 7,
    }
    code, output = await run_once(*enrolment(gateway, agent))
    assert (code, output) == (0, f"enrolled with {gateway.url} as agent {ANOTHER}\nIt is[2J back.\n")
    assert (gateway.enrolments[1].public_key, gateway.enrolments[1].agent_id) == (key, AGENT_ID)
    gateway.gateway_url = f"{gateway.url.replace('http', 'ws')}/elsewhere"
    hellos = len(gateway.hellos)
    gateway.drop()
    await gateway.wait_until(lambda: len(gateway.hellos) > hellos)
    await gateway.wait_until(lambda: "was enrolled anew meanwhile" in agent.log.read_text())
    identity = StateDirectory(agent.state).require_identity()
    assert (identity.agent_id, identity.orders_after) == (ANOTHER, 7)


async def test_a_server_with_other_keys_at_the_same_address_is_pinned_anew(gateway, agent):
    await run_once(*enrolment(gateway, agent))
    gateway.enrol_changes = {"server_public_key": "ab" * 32, "order_public_key": "cd" * 32}
    assert (await run_once(*enrolment(gateway, agent)))[0] == 0
    identity = StateDirectory(agent.state).require_identity()
    assert (identity.server_public_key, identity.order_keys) == ("ab" * 32, ["cd" * 32])


async def test_a_repair_goes_on_where_the_server_cannot_say_whether_it_knows_the_machine(gateway, agent):
    await run_once(*enrolment(gateway, agent))
    before = (agent.state / "identity.json").read_bytes()
    await gateway.stop()
    code, output = await run_once(*enrolment(gateway, agent))
    assert (code, "stays enrolled as it was" in output) == (0, True)
    assert (agent.state / "identity.json").read_bytes() == before
    await gateway.start()


async def test_a_start_with_a_code_is_no_explicit_enrolment(gateway, agent):
    await agent.start()
    await agent.kill()
    await agent.start()
    assert len(gateway.enrolments) == 1


async def test_a_machine_that_was_removed_with_its_agent_takes_it_away(gateway, agent):
    await agent.start()
    gateway.say(Uninstall())
    assert await asyncio.wait_for(agent.process.wait(), 10) == 0
    assert not agent.state.exists()


async def test_it_does_so_when_it_hears_of_it_at_the_door(gateway, agent):
    """Welcomed, told, closed: as a machine that was off when it was removed meets it."""
    gateway.right_after_welcome = [Uninstall()]
    await agent.start(wait=False)
    await gateway.wait_until(lambda: gateway.current is not None)
    gateway.close(Close.REVOKED)
    assert await asyncio.wait_for(agent.process.wait(), 10) == 0
    assert not agent.state.exists()


@pytest.mark.parametrize("message", [Uninstall(), ChangeIdentity(agent_id=UUID(ANOTHER).bytes)])
async def test_what_was_signed_before_the_enrolment_changes_nothing(gateway, agent, message):
    gateway.enrol_changes = {"orders_after": 5_000}
    await agent.start()
    gateway.current.say_bare(gateway.order(message, counter=4_999, not_after=0))
    refused = await gateway.wait_for(OrderRefused)
    assert refused.code == "behind"
    assert StateDirectory(agent.state).require_identity().agent_id == AGENT_ID


async def test_it_goes_on_as_the_machine_that_it_was(gateway, agent):
    await agent.start()
    key = gateway.agent_public_key
    gateway.welcomed.clear()
    gateway.say(ChangeIdentity(agent_id=UUID(ANOTHER).bytes))
    await asyncio.wait_for(gateway.welcomed.wait(), 10)
    assert gateway.claims[-1].agent_id == UUID(ANOTHER).bytes
    assert gateway.agent_public_key == key
    gateway.order_signer.agent_id = UUID(ANOTHER).bytes
    run = RunCommand(os.urandom(16), "sh", "true", 30)
    gateway.say(run)
    await gateway.wait_for(CommandAccepted, command_id=run.command_id)


async def test_a_copy_makes_a_key_of_its_own(gateway, agent):
    await agent.start()
    claim = gateway.claims[-1]
    assert (len(claim.instance), claim.hostname) == (16, gateway.enrolments[0].hostname)
    before = gateway.agent_public_key
    gateway.enrol_changes = {"agent_id": ANOTHER}
    gateway.say(ChangeIdentity(site_code=gateway.site_code, instance=bytes(16)))  # another process is meant
    await gateway.understood()
    assert len(gateway.enrolments) == 1
    gateway.welcomed.clear()
    gateway.say(ChangeIdentity(site_code=gateway.site_code, instance=claim.instance))
    await asyncio.wait_for(gateway.welcomed.wait(), 10)
    assert gateway.agent_public_key != before
    assert (gateway.enrolments[1].agent_id, gateway.claims[-1].agent_id) == (AGENT_ID, UUID(ANOTHER).bytes)
    kept = json.loads((agent.state / "identity.json").read_text())
    assert kept["agent_id"] == ANOTHER
    assert not (agent.state / "pending.key").exists()


async def test_a_copy_gets_its_key_by_hand_too(gateway, agent):
    await run_once(*enrolment(gateway, agent))
    assert (await run_once(*enrolment(gateway, agent, "--own-key")))[0] == 0
    first, second = gateway.enrolments
    assert first.public_key != second.public_key
    assert second.agent_id == AGENT_ID


async def test_one_of_several_with_a_key_waits_and_says_who_the_others_are(gateway, agent):
    await agent.start()
    gateway.close(Close.AMBIGUOUS)
    await gateway.wait_until(lambda: "as the test wishes (4011); next try in" in agent.log.read_text())
    delay = float(agent.log.read_text().rpartition("next try in ")[2].split()[0])
    assert 30 <= delay <= 60
