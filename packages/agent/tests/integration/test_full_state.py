"""An agent whose own disk takes nothing: it runs what may mend that, and says how things are. Needs root."""

import os

import pytest
from gururmm_wire.v2.agent import CommandOutput, CommandResult, InventorySection, Metrics
from gururmm_wire.v2.server import InventoryWanted, ResultAck, RunCommand, Settings, Watch

from packages.agent.tests.machines import apart, needs_root

pytestmark = pytest.mark.skipif(needs_root, reason="needs root")


@pytest.fixture
def machine(agent):
    """A machine where the agent's state directory is a small disk of its own."""
    with apart("-m") as apart_machine:
        apart_machine.run(f"mkdir -p {agent.state} && mount -t tmpfs -o size=512k tmpfs {agent.state}")
        agent.prefix = apart_machine.prefix
        yield apart_machine


async def outcome_of(gateway, script: str) -> tuple[CommandResult, bytes]:
    run = RunCommand(os.urandom(16), "sh", script, 30)
    gateway.say(run)
    result = await gateway.wait_for(CommandResult, command_id=run.command_id)
    output = b"".join(chunk.data for chunk in gateway.of(CommandOutput, command_id=run.command_id))
    gateway.say(ResultAck(run.command_id))
    return result, output


async def state_faults(gateway, accept) -> list[str]:
    """What the first sample that `accept` takes says of the state directory."""
    gateway.messages.clear()
    gateway.say(Watch(1, 60))

    def found() -> list[list[str]]:
        told = [[f.text for f in m.faults if f.kind == "state_not_kept"] for m in gateway.of(Metrics)]
        return [texts for texts in told if accept(texts)]

    return (await gateway.wait_until(found))[0]


async def test_on_a_full_disk_the_command_that_makes_room_runs(gateway, agent, machine):
    await agent.start()
    machine.run(f"cat /dev/zero >{agent.state}/fills 2>/dev/null || true")
    (text,) = await state_faults(gateway, bool)
    assert "No space left on device" in text
    result, output = await outcome_of(gateway, f"echo making room; rm {agent.state}/fills")
    assert (result.outcome, result.exit_code, output) == ("succeeded", 0, b"making room\n")
    assert "not durable" in result.message
    assert "No space left on device" in result.message
    await state_faults(gateway, lambda texts: not texts)
    result, _ = await outcome_of(gateway, "exit 3")
    assert (result.outcome, result.exit_code, result.message) == ("failed", 3, "")


async def test_what_ran_on_a_full_disk_is_remembered_once_there_is_room(gateway, agent, machine, tmp_path):
    await agent.start()
    machine.run(f"cat /dev/zero >{agent.state}/fills 2>/dev/null || true")
    run = RunCommand(os.urandom(16), "sh", f"echo x >>{tmp_path}/count; rm {agent.state}/fills", 30)
    gateway.say(run)
    await gateway.wait_for(CommandResult, command_id=run.command_id)
    await agent.kill()
    await agent.start()
    gateway.say(run)
    assert (await gateway.wait_for(CommandResult, command_id=run.command_id, count=2)).outcome == "succeeded"
    assert (tmp_path / "count").read_text() == "x\n"


@pytest.mark.parametrize("full", [False, True])
async def test_an_agent_starts_where_nothing_can_be_written_and_says_so(gateway, agent, machine, full):
    gateway.settings = Settings(version=3, heartbeat_s=3600, metrics_s=3600)
    await agent.start()
    first, _ = await outcome_of(gateway, "exit 0")
    await agent.terminate()
    gateway.welcomed.clear()
    if full:
        machine.run(f"cat /dev/zero >{agent.state}/fills 2>/dev/null || true")
    else:
        machine.run(f"mount -o remount,ro {agent.state}")
    agent.log.write_text("")
    await agent.start()
    (text,) = await state_faults(gateway, bool)
    assert str(agent.state) in text
    assert ("No space left on device" if full else "Read-only file system") in text
    result, output = await outcome_of(gateway, "echo here")
    assert (result.outcome, output) == ("succeeded", b"here\n")
    assert full or "not durable" in result.message  # a full disk may have room in the journal's last block
    gateway.messages.clear()
    again = RunCommand(first.command_id, "sh", "echo twice", 30)
    gateway.say(again)
    assert (await gateway.wait_for(CommandResult, command_id=first.command_id)).duration_ms == first.duration_ms
    assert not gateway.of(CommandOutput, command_id=first.command_id), "what ran before is known from the disk"
    gateway.say(InventoryWanted(["system"]))
    assert (await gateway.wait_for(InventorySection, section="system")).items["hostname"]
    assert "Traceback" not in agent.log.read_text()
    assert await agent.terminate() == 0
