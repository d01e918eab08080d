"""A real agent with servers of other ages: it connects, works, and stays connected."""

import os

import pytest
from generations import NEW, Future, Past, newest
from gururmm_wire.capabilities import said_by
from gururmm_wire.v2.agent import (
    Answer,
    CommandAccepted,
    CommandOutput,
    CommandResult,
    InventoryHashes,
    InventorySection,
    SettingsApplied,
    TunnelClosed,
    TunnelOpened,
    TunnelOutput,
)
from gururmm_wire.v2.names import QUERY_KINDS, SECTIONS, UNKNOWN_KIND
from gururmm_wire.v2.server import (
    InventoryWanted,
    Query,
    RunCommand,
    Settings,
    SettingsPush,
    TunnelClose,
    TunnelInput,
    TunnelOpen,
)


@pytest.fixture(params=["future", "past", "without its newest names"])
def peer(request):
    if request.param == "future":
        return Future("server")
    past = Past("server")
    past.shrinks = request.param == "past"
    return past


async def test_it_works_with_a_server_of_another_age(gateway, agent, peer):
    gateway.peer = peer
    await agent.start()
    await it_works(gateway)
    if isinstance(peer, Future):
        for data in peer.unknown():
            gateway.current.say_bytes(data)
        for message in peer.unknown_names():
            gateway.say(message)
        await it_works(gateway)
        log = agent.log.read_text()
        for what in ("capability", "tag", "section", "log level"):
            assert log.count(f"knows a {what} that this agent does not know") == 1
    # A server that knows the second connection for channels gets one, beside the agent's own that was never lost.
    assert len(gateway.connections) == (1 if gateway.tunnel is None else 2)
    assert gateway.close_codes == []


async def it_works(gateway):
    """A command runs, inventory arrives, a terminal opens, settings apply."""
    run = RunCommand(os.urandom(16), "sh", "echo $((6*7))", 30)
    gateway.say(run)
    await gateway.wait_for(CommandAccepted, command_id=run.command_id)
    assert (await gateway.wait_for(CommandOutput, command_id=run.command_id)).data == b"42\n"
    assert (await gateway.wait_for(CommandResult, command_id=run.command_id)).outcome == "succeeded"

    gateway.messages.clear()
    known = list(SECTIONS[:-1] if isinstance(gateway.peer, Past) else SECTIONS)
    gateway.say(InventoryWanted([*known, NEW] if isinstance(gateway.peer, Future) else known))
    for section in known:
        told = await gateway.wait_for(InventorySection, section=section)
        assert told.items or section == "users", "there is always something, but perhaps nobody is logged in"

    session = os.urandom(16)
    gateway.say(TunnelOpen(session, 1, "terminal", {}, ["input"], 65536, None))
    await gateway.wait_for(TunnelOpened, session_id=session)
    gateway.say(TunnelInput(session, 1, 0, b"echo a$((1+1))b\r"))
    await gateway.wait_until(
        lambda: b"a2b" in b"".join(message.data for message in gateway.of(TunnelOutput, session_id=session))
    )
    gateway.say(TunnelClose(session))
    await gateway.wait_for(TunnelClosed, session_id=session)

    gateway.say(SettingsPush(Settings(version=77, heartbeat_s=9, log_level="DEBUG")))
    if newest("agent") is not SettingsApplied or not isinstance(gateway.peer, Past):
        await gateway.wait_for(SettingsApplied, version=77)


async def test_an_unknown_kind_is_refused_by_name(gateway, agent):
    await agent.start()
    query = Query(os.urandom(16), NEW)
    gateway.say(query)
    answer = await gateway.wait_for(Answer, query_id=query.query_id)
    assert (answer.ok, answer.code, answer.data) == (False, UNKNOWN_KIND, None)
    assert NEW in answer.message
    session = os.urandom(16)
    gateway.say(TunnelOpen(session, 1, NEW, {}, [], 0, None))
    closed = await gateway.wait_for(TunnelClosed, session_id=session)
    assert (closed.code, closed.exit_code, NEW in closed.message) == (UNKNOWN_KIND, None, True)
    assert not gateway.close_codes


@pytest.mark.parametrize("kind", QUERY_KINDS)
async def test_every_kind_that_the_wire_lists_is_known(gateway, agent, kind):
    """The list says what this build knows, so an entry that nothing answers would be a lie."""
    await agent.start()
    query = Query(os.urandom(16), kind, {"path": str(agent.state)})
    gateway.say(query)
    answer = await gateway.wait_for(Answer, query_id=query.query_id)
    assert answer.code != UNKNOWN_KIND


async def test_an_unknown_log_level_leaves_the_level_and_applies_the_rest(gateway, agent):
    gateway.settings = Settings(version=3, log_level="DEBUG")
    await agent.start()
    gateway.say(SettingsPush(Settings(version=4, log_level=NEW)))
    await gateway.wait_for(SettingsApplied, version=4)
    gateway.say(SettingsPush(Settings(version=5, log_level="INFO")))
    await gateway.wait_for(SettingsApplied, version=5)
    assert NEW in agent.log.read_text()
    assert not gateway.close_codes


async def test_a_section_by_the_name_of_another_file_is_not_read(gateway, agent):
    await agent.start()
    await gateway.wait_for(InventoryHashes)
    (agent.state / "inventory" / "secret").write_bytes(b"\x81\xa1a\x01")
    gateway.say(InventoryWanted(["secret", "system"]))
    await gateway.wait_for(InventorySection, section="system")
    assert not gateway.of(InventorySection, section="secret")


async def test_the_agent_says_all_that_it_can(gateway, agent):
    await agent.start()
    assert gateway.capabilities == said_by("agent")
