"""A gateway that was taken: whatever it says to a real agent, nothing runs that the order key did not sign."""

import json
import os
import time
from uuid import UUID

import msgspec
import pytest
from generations import NEW
from gururmm_agent.records import pack_record
from gururmm_wire import codec, orders
from gururmm_wire.v2.agent import (
    Answer,
    CommandAccepted,
    CommandResult,
    OrderRefused,
    SettingsApplied,
    TunnelClosed,
    TunnelOpened,
)
from gururmm_wire.v2.limits import ORDER_WINDOW
from gururmm_wire.v2.names import REFUSALS
from gururmm_wire.v2.server import (
    CancelCommand,
    KeyChange,
    Query,
    ResultAck,
    RunCommand,
    Settings,
    SettingsPush,
    TunnelClose,
    TunnelOpen,
    TunnelOutputAck,
)

OTHER_ID = UUID("0190a0b0-0000-7000-8000-000000000002").bytes


def touch(path) -> RunCommand:
    return RunCommand(os.urandom(16), "sh", f"touch {path}", 30)


def bare(gateway, run):
    return run


def altered(gateway, run):
    """The signed bytes with another script in them."""
    order = gateway.order(RunCommand(run.command_id, "sh", "true " + run.script[5:], 30))
    return msgspec.structs.replace(order, body=order.body.replace(b"true ", b"touch"))


def of_another_agent(gateway, run):
    return gateway.order(run, addressee=OTHER_ID)


def for_all_at_once(gateway, run):
    """Settings may be for all machines of a Partner, commands may not."""
    return gateway.order(run, addressee=gateway.order_signer.tenant_id)


def by_another_key(gateway, run):
    return gateway.order_signer.another().order(run)


def by_another_key_under_our_name(gateway, run):
    return msgspec.structs.replace(gateway.order_signer.another().order(run), key_id=gateway.order_signer.key_id)


def by_the_gateways_own_key(gateway, run):
    """It holds the key that proves the server: that one signs no orders."""
    thief = gateway.order_signer.another()
    thief.public_key, thief.secret = gateway.public_key, gateway.secret
    return thief.order(run)


def expired(gateway, run):
    return gateway.order(run, not_after=int(time.time()) - 5)


def too_far_ahead(gateway, run):
    return gateway.order(run, not_after=int(time.time()) + 9 * 86400)


def of_an_unknown_kind(gateway, run):
    body = orders.Body(gateway.order_signer.agent_id, run.command_id, NEW, int(time.time()) + 9, 1, codec.encode(run))
    return gateway.order_signer.sign(msgspec.msgpack.encode(body))


def of_another_kind_than_its_message(gateway, run):
    body = orders.Body(
        gateway.order_signer.agent_id, run.command_id, "settings", int(time.time()) + 9, 1, codec.encode(run)
    )
    return gateway.order_signer.sign(msgspec.msgpack.encode(body))


@pytest.mark.parametrize(
    ("attack", "code"),
    [
        (bare, "not_signed"),
        (altered, "forged"),
        (of_another_agent, "other_addressee"),
        (for_all_at_once, "other_addressee"),
        (by_another_key, "unknown_key"),
        (by_another_key_under_our_name, "forged"),
        (by_the_gateways_own_key, "unknown_key"),
        (expired, "expired"),
        (too_far_ahead, "too_far_ahead"),
        (of_an_unknown_kind, "unknown_kind"),
        (of_another_kind_than_its_message, "malformed"),
    ],
)
async def test_what_a_taken_gateway_says_runs_nothing(gateway, agent, tmp_path, attack, code):
    await agent.start()
    run = touch(tmp_path / "owned")
    gateway.current.say_bare(attack(gateway, run))
    refused = await gateway.wait_for(OrderRefused)
    assert (refused.code, refused.order_id) == (code, run.command_id)
    assert code in REFUSALS
    assert f"is not followed: {code}: " in agent.log.read_text()
    await it_still_obeys(gateway, tmp_path)
    assert not (tmp_path / "owned").exists()
    results = gateway.of(CommandResult, command_id=run.command_id)
    assert {result.outcome for result in results} <= {"expired"}


async def it_still_obeys(gateway, tmp_path):
    """A real order is followed on the same connection, after all that was said before it."""
    run = touch(tmp_path / "ordered")
    gateway.say(run)
    assert (await gateway.wait_for(CommandResult, command_id=run.command_id)).outcome == "succeeded"
    assert (tmp_path / "ordered").exists()
    assert not gateway.close_codes


@pytest.mark.parametrize(
    "message",
    [
        CancelCommand(os.urandom(16)),
        TunnelOpen(os.urandom(16), 1, "terminal", {}, ["input"], 65536, None),
        SettingsPush(Settings(version=99, heartbeat_s=3600)),
        KeyChange(os.urandom(32)),
    ],
)
async def test_nothing_that_has_to_be_ordered_counts_bare(gateway, agent, tmp_path, message):
    await agent.start()
    gateway.current.say_bare(message)
    refused = await gateway.wait_for(OrderRefused)
    assert (refused.code, refused.kind) == ("not_signed", orders.kind_of(message))
    await it_still_obeys(gateway, tmp_path)
    assert not gateway.of(TunnelOpened)
    assert not gateway.of(SettingsApplied, version=99)
    assert len(json.loads((agent.state / "identity.json").read_text())["order_keys"]) == 1


async def test_a_command_said_again_runs_once_whatever_is_lost_in_between(gateway, agent, tmp_path):
    await agent.start()
    count = tmp_path / "count"
    run = RunCommand(os.urandom(16), "sh", f"echo x >> {count}", 30)
    order = gateway.order(run)
    for _ in range(3):
        gateway.say(order)
    await gateway.wait_for(CommandResult, command_id=run.command_id)
    gateway.say(ResultAck(run.command_id))
    await agent.kill()
    await agent.start()
    gateway.messages.clear()
    gateway.say(order)
    await gateway.wait_for(CommandResult, command_id=run.command_id)
    assert count.read_text() == "x\n"
    assert not gateway.of(OrderRefused)


async def test_a_command_that_was_lost_before_it_began_runs_when_it_is_said_again(gateway, agent, tmp_path):
    """Eight run at once; what waits behind them is nowhere on disk, so it must not count as followed."""
    await agent.start()
    for _ in range(8):
        gateway.say(RunCommand(os.urandom(16), "sh", "sleep 60", 90))
    await gateway.wait_for(CommandAccepted, count=8)
    waiting = gateway.order(touch(tmp_path / "late"))
    gateway.say(waiting)
    gateway.say(Query(question := os.urandom(16), "processes"))
    await gateway.wait_for(Answer, query_id=question)
    await agent.kill()
    await agent.start()
    gateway.say(waiting)
    await gateway.wait_for(CommandResult, command_id=orders.read_body(waiting).id)
    assert (tmp_path / "late").exists()


async def test_a_terminal_that_is_over_is_not_opened_again_by_its_old_order(gateway, agent):
    await agent.start()
    session = os.urandom(16)
    order = gateway.order(TunnelOpen(session, 1, "terminal", {}, ["input"], 65536, None))
    gateway.say(order)
    await gateway.wait_for(TunnelOpened, session_id=session)
    gateway.say(order)
    await gateway.wait_for(TunnelOpened, session_id=session, count=2)
    gateway.say(TunnelClose(session))
    await gateway.wait_for(TunnelClosed, session_id=session)
    await agent.kill()
    await agent.start()
    gateway.messages.clear()
    gateway.say(order)
    assert (await gateway.wait_for(OrderRefused)).code == "repeated"
    assert (await gateway.wait_for(TunnelClosed, session_id=session)).code == "order_refused"
    assert not gateway.of(TunnelOpened)


async def test_an_order_below_the_window_is_refused_also_after_a_restart(gateway, agent, tmp_path):
    await agent.start()
    run = touch(tmp_path / "behind")
    behind = gateway.order(run, counter=time.time_ns())
    await agent.kill()
    newer = time.time_ns()
    with (agent.state / "orders" / "followed").open("ab") as file:
        for number in range(ORDER_WINDOW):
            file.write(pack_record(("f", newer + number)))
    await agent.start()
    gateway.say(behind)
    assert (await gateway.wait_for(OrderRefused)).code == "behind"
    await it_still_obeys(gateway, tmp_path)
    assert not (tmp_path / "behind").exists()


async def test_old_settings_do_not_come_back(gateway, agent):
    old = gateway.order(SettingsPush(Settings(version=1, heartbeat_s=3600)))
    gateway.settings = Settings(version=2, heartbeat_s=5)
    await agent.start()
    await gateway.wait_for(SettingsApplied, version=2)
    gateway.say(old)
    assert (await gateway.wait_for(OrderRefused)).code == "behind"
    await agent.kill()
    await agent.start()
    gateway.messages.clear()
    gateway.say(old)
    assert (await gateway.wait_for(OrderRefused)).code == "behind"
    assert not gateway.of(SettingsApplied, version=1)


async def test_settings_for_this_machine_alone_are_followed_and_another_machines_are_not(gateway, agent):
    await agent.start()
    mine = gateway.order(SettingsPush(Settings(version=8, heartbeat_s=7)), addressee=gateway.order_signer.agent_id)
    gateway.say(mine)
    await gateway.wait_for(SettingsApplied, version=8)
    gateway.say(gateway.order(SettingsPush(Settings(version=9, heartbeat_s=9)), addressee=OTHER_ID))
    assert (await gateway.wait_for(OrderRefused)).code == "other_addressee"
    assert not gateway.of(SettingsApplied, version=9)
    # Back to what all are told, by an order that is newer; the machine's own, held back, does not come again.
    gateway.say(SettingsPush(Settings(version=3, heartbeat_s=5)))
    await gateway.wait_for(SettingsApplied, count=2, version=3)
    gateway.say(mine)
    await gateway.wait_for(OrderRefused, code="behind")


async def test_the_same_settings_again_are_no_fault(gateway, agent):
    await agent.start()
    again = gateway.order(SettingsPush(Settings(version=9)))
    gateway.say(again)
    gateway.say(again)
    await gateway.wait_for(SettingsApplied, version=9, count=2)
    assert not gateway.of(OrderRefused)


async def test_a_key_change_adds_a_key_and_a_later_one_takes_the_old_away(gateway, agent, tmp_path):
    await agent.start()
    old, new = gateway.order_signer, gateway.order_signer.another()
    assert gateway.order_key == old.key_id
    gateway.say(old.order(KeyChange(new.public_key), not_after=0))
    for key in (old, new):
        run = touch(tmp_path / key.key_id.hex())
        gateway.say(key.order(run))
        assert (await gateway.wait_for(CommandResult, command_id=run.command_id)).outcome == "succeeded"
    retire = new.order(KeyChange(new.public_key, [old.key_id]), not_after=0)
    gateway.say(retire)
    gateway.say(retire)
    run = touch(tmp_path / "by the retired")
    gateway.say(old.order(run))
    assert (await gateway.wait_for(OrderRefused)).code == "unknown_key"
    gateway.order_signer = new
    await agent.kill()
    await agent.start()
    assert gateway.order_key == new.key_id
    await it_still_obeys(gateway, tmp_path)
    assert not (tmp_path / "by the retired").exists()


async def test_a_key_change_by_a_stranger_pins_nothing(gateway, agent, tmp_path):
    await agent.start()
    thief = gateway.order_signer.another()
    gateway.say(thief.order(KeyChange(thief.public_key, [gateway.order_signer.key_id])))
    assert (await gateway.wait_for(OrderRefused)).code == "unknown_key"
    gateway.say(thief.order(touch(tmp_path / "owned")))
    await gateway.wait_for(OrderRefused, count=2)
    await it_still_obeys(gateway, tmp_path)


async def test_a_chain_of_changes_is_followed_at_once_by_whoever_was_away(gateway, agent, tmp_path):
    """Three rotations and retirements while the machine was off: said in their order, the agent has the last key."""
    first, second, third = gateway.order_signer, gateway.order_signer.another(), gateway.order_signer.another()
    chain = [
        first.order(KeyChange(second.public_key), not_after=0),
        second.order(KeyChange(second.public_key, [first.key_id]), not_after=0),
        second.order(KeyChange(third.public_key), not_after=0),
        third.order(KeyChange(third.public_key, [second.key_id]), not_after=0),
    ]
    gateway.right_after_welcome = chain
    await agent.start()
    gateway.order_signer = third
    await it_still_obeys(gateway, tmp_path)
    assert json.loads((agent.state / "identity.json").read_text())["order_keys"] == [third.public_key.hex()]


async def test_a_flood_of_forged_orders_does_not_fill_the_log(gateway, agent, tmp_path):
    await agent.start()
    for _ in range(200):
        gateway.current.say_bare(by_another_key(gateway, touch(tmp_path / "owned")))
    await gateway.wait_for(OrderRefused, count=200)
    assert 0 < agent.log.read_text().count("is not followed") <= 20
    await it_still_obeys(gateway, tmp_path)


async def test_an_identity_from_before_order_keys_is_completed_by_its_own_server_only(gateway, agent, tmp_path):
    await agent.start()
    await agent.terminate()
    path = agent.state / "identity.json"
    whole = json.loads(path.read_text())
    path.write_text(json.dumps({k: v for k, v in whole.items() if k not in ("order_keys", "tenant_id")}))
    gateway.enrol_changes = {"server_public_key": gateway.order_signer.another().public_key.hex()}
    gateway.welcomed.clear()
    await agent.start()
    run = touch(tmp_path / "owned")
    gateway.messages.clear()
    gateway.say(run)
    assert (await gateway.wait_for(OrderRefused, order_id=run.command_id)).code == "no_key"
    await agent.terminate()
    gateway.enrol_changes = {}
    gateway.welcomed.clear()
    await agent.start()
    assert json.loads(path.read_text()) == whole
    gateway.close_codes.clear()  # of the two that were told to stop
    await it_still_obeys(gateway, tmp_path)
    assert not (tmp_path / "owned").exists()


async def test_an_order_that_was_held_back_opens_no_channel_that_has_ended(gateway, agent):
    """The first order to open a channel is not needed where a second comes; whoever kept it opens nothing with it."""
    session = os.urandom(16)
    opening = TunnelOpen(session, 1, "terminal", {"shell": "sh"}, ["input"], 65536, None)
    await agent.start()
    kept = gateway.order(opening)
    gateway.say(opening)
    await gateway.wait_for(TunnelOpened, session_id=session)
    gateway.say(TunnelClose(session))
    closed = await gateway.wait_for(TunnelClosed, session_id=session)
    gateway.say(TunnelOutputAck(session, 1, closed.output_end, 1 << 20))
    for restarts in (False, True):
        if restarts:
            await agent.kill()
            await agent.start()
        before = len(gateway.of(TunnelOpened))
        gateway.current.say_bare(kept)
        refused = await gateway.wait_for(OrderRefused, code="repeated", count=1 + restarts)
        assert "has ended" in refused.message
        assert len(gateway.of(TunnelOpened)) == before
