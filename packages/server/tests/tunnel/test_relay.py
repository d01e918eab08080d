"""The relay between a scripted agent and scripted browsers, on a real PostgreSQL and a real broker."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg
import pytest
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.access.scope import system_scope
from gururmm_server.core.post import traffic
from gururmm_server.core.quotas.errors import QuotaUsedUp
from gururmm_server.core.tunnel import agent_end, channel_relay, recording
from gururmm_server.core.tunnel import relays as relays_module
from gururmm_server.core.tunnel.errors import NoSuchSession, RelayFull, SessionClosed, StreamViolation
from gururmm_server.core.tunnel.kinds import kind_of
from gururmm_server.core.tunnel.output_path import SHOWN_AHEAD_BYTES, OutputPath
from gururmm_server.core.tunnel.recording import Block
from gururmm_server.core.tunnel.schemas import TunnelStatus
from gururmm_server.core.tunnel.service import close_expired
from gururmm_server.infra.ids import new_id
from gururmm_wire.v2.agent import TunnelInputAck, TunnelOutput
from gururmm_wire.v2.limits import CHUNK_BYTES, TUNNEL_CREDIT_BYTES
from gururmm_wire.v2.server import TunnelInput

from packages.server.tests.waiting import Clock, until

from .conftest import House, person, plant_machine
from .scripted import ScriptedBrowser


async def attached(house: House) -> tuple[UUID, ScriptedBrowser]:
    session_id = await house.open()
    return session_id, await house.attach(session_id, ScriptedBrowser())


async def test_keys_are_audited_and_echoed(house: House) -> None:
    session_id, browser = await attached(house)
    browser.type(b"ls\r")
    await until(lambda: browser.output == b"ls\r")
    assert await house.audited_input(session_id) == b"ls\r"
    await until(lambda: browser.acknowledged_input == 3)
    assert (await house.audit(session_id))[0][0] == "tunnel.open"
    await house.open_in_the_books(session_id)
    assert await house.chain_is_whole()


async def test_output_is_acknowledged_once_it_is_recorded(house: House) -> None:
    session_id, browser = await attached(house)
    await until(lambda: house.agent.seal)
    await house.agent.print(b"hello")
    await until(lambda: browser.output == b"hello")
    await until(lambda: house.agent.acknowledged == 5)
    assert await house.recorded(session_id) == [("r", b"80x24"), ("o", b"hello")]


async def test_a_megabyte_pasted_arrives_whole(house: House) -> None:
    session_id, browser = await attached(house)
    text = os.urandom(1024 * 1024)
    await browser.paste(text)
    await until(lambda: len(house.agent.input) == len(text), 30)
    assert bytes(house.agent.input) == text
    await until(lambda: len(browser.output) == len(text), 30)
    assert bytes(browser.output) == text
    assert await house.audited_input(session_id) == text
    assert await house.chain_is_whole()


async def test_lost_messages_both_ways_are_sent_again(house: House) -> None:
    _, browser = await attached(house)
    lost = {"in": 0, "out": 0, "ack": 0}

    def lose_input(message: object) -> bool:
        lost["in"] += isinstance(message, TunnelInput)
        return isinstance(message, TunnelInput) and lost["in"] % 3 == 0

    def lose_output(message: object) -> bool:
        kind = "out" if isinstance(message, TunnelOutput) else "ack"
        lost[kind] += 1
        return isinstance(message, TunnelOutput | TunnelInputAck) and lost[kind] % 3 == 1

    house.agent.lose_to_agent, house.agent.lose_to_server = lose_input, lose_output
    for number in range(12):
        before = lost["in"]
        browser.type(b"line %d\r" % number)
        await until(lambda before=before: lost["in"] > before)  # each line is a message of its own
    await until(lambda: browser.output == browser.typed, 30)
    assert house.agent.input == browser.typed
    await until(lambda: browser.acknowledged_input == len(browser.typed), 20)


@asynccontextmanager
async def no_room_for_input(owner_url: str) -> AsyncIterator[Callable[[], Awaitable[int]]]:
    """Refuses each row of audited input as a full disk does. Yields what counts the refusals."""
    owner = await asyncpg.connect(owner_url)
    await owner.execute(
        "create sequence core.refusals minvalue 0;"  # what a transaction takes from it is not rolled back
        "create function core.refuse() returns trigger language plpgsql security definer as"
        " $$ begin perform nextval('core.refusals'); raise disk_full; end $$;"
        "create trigger refuse before insert on core.tunnel_audit"
        " for each row when (new.input is not null) execute function core.refuse()"
    )

    async def refusals() -> int:
        return int(await owner.fetchval("select last_value from core.refusals"))

    try:
        yield refusals
    finally:
        await owner.execute("drop trigger refuse on core.tunnel_audit")
        await owner.close()


async def test_nothing_is_forwarded_while_the_audit_cannot_be_written(house: House, owner_url: str) -> None:
    session_id, browser = await attached(house)
    await until(lambda: house.agent.seal)
    async with no_room_for_input(owner_url) as refusals:
        browser.type(b"rm -rf /tmp/x\r")
        trouble = await until(lambda: browser.control("trouble"))
        assert trouble["code"] == "storage_full"

        async def was_tried_often() -> bool:
            return await refusals() >= 3

        await until(was_tried_often)
        assert house.agent.input_messages == []
    await until(lambda: house.agent.input == browser.typed)
    trouble = {"type": "trouble", "channel": 1, "code": None, "message": ""}
    await until(lambda: browser.control("trouble") == trouble)
    assert await house.audited_input(session_id) == bytes(browser.typed)


async def test_the_row_is_committed_before_the_agent_gets_the_bytes(house: House) -> None:
    """At the moment each input message arrives at the agent, its row can already be read by others."""
    session_id, browser = await attached(house)
    seen: list[bool] = []
    receive = house.agent.on_input

    async def check(offset: int, data: bytes) -> None:
        seen.append((await house.audited_input(session_id))[offset : offset + len(data)] == data)
        await receive(offset, data)

    house.agent.on_input = check  # type: ignore[method-assign]
    for number in range(20):
        browser.type(b"%d;" % number)
        await until(lambda: house.agent.input == browser.typed)
    assert len(seen) >= 20
    assert all(seen)


async def test_a_dropped_tab_comes_back_exactly_where_it_was(house: House) -> None:
    session_id, browser = await attached(house)
    browser.type(b"before")
    await until(lambda: browser.output == b"before")
    relay, end = browser.drop()
    await relay.leave(end, clean=False)
    await house.agent.print(b"meanwhile")
    browser.typed += b"typed while cut"
    await house.attach(session_id, browser)
    await until(lambda: browser.output == b"beforemeanwhiletyped while cut")
    assert house.agent.input == browser.typed
    assert not house.agent.hung_up


async def test_a_new_tab_gets_the_history_and_takes_over(house: House) -> None:
    session_id, first = await attached(house)
    await until(lambda: house.agent.seal)
    text = b"".join(b"line %06d\r\n" % number for number in range(40_000))
    await house.agent.print(text)
    await until(lambda: first.output == text, 30)
    second = await house.attach(session_id, ScriptedBrowser())
    assert first.close_code == 4410
    await until(lambda: second.offset == len(text), 10)
    assert second.start >= len(text) - channel_relay.HISTORY_BYTES
    assert bytes(second.output) == text[second.start :]
    assert second.output.startswith(b"line ")
    await until(lambda: house.agent.sizes[-2:] == [(80, 23), (80, 24)])


async def test_another_api_process_takes_over_after_a_kill(house: House) -> None:
    """The first relay is gone without a word, with input audited but not delivered and output not recorded."""
    session_id, browser = await attached(house)
    browser.type(b"one ")
    await until(lambda: browser.output == b"one ")
    house.agent.lose_to_agent = lambda message: isinstance(message, TunnelInput)
    browser.type(b"two ")
    await house.audits(session_id, b"one two ")
    relay, _ = browser.drop()
    await relay.vanish()
    house.agent.lose_to_agent = lambda message: False
    await house.agent.print(b"[said while nobody listened]")
    browser.typed += b"three "
    await house.attach(session_id, browser, house.others)
    await until(lambda: house.agent.input == b"one two three ")
    await until(lambda: browser.output == house.agent.output)
    assert await house.audited_input(session_id) == b"one two three "
    assert await house.chain_is_whole()


async def test_taking_over_at_another_api_process_fences_the_first(house: House) -> None:
    session_id, first = await attached(house)
    first.type(b"a")
    await until(lambda: first.output == b"a")
    second = await house.attach(session_id, ScriptedBrowser(), house.others)
    await until(lambda: first.close_code == 4410)
    await until(lambda: second.output == b"a")
    assert second.control("attached") == {"type": "attached", "channel": 1, "input_offset": 1, "output_offset": 0}
    second.typed = bytearray(b"a")
    second.type(b"b")
    await until(lambda: second.output == b"ab")
    assert await house.audited_input(session_id) == b"ab"
    assert house.relays.find(session_id) is None


async def test_a_relay_that_missed_the_takeover_cannot_audit_any_more(house: House) -> None:
    session_id, browser = await attached(house)
    async with house.db.scope(system_scope(house.tenant_id)) as tx:
        await tx.execute("update core.tunnel_channels set owner = 'somebody else' where session_id = $1", session_id)
    browser.type(b"lost")
    await until(lambda: browser.close_code == 4410)
    assert house.agent.input_messages == []
    assert await house.audited_input(session_id) == b""


async def test_the_agent_moves_to_another_gateway(house: House) -> None:
    session_id, browser = await attached(house)
    browser.type(b"one ")
    await until(lambda: browser.output == b"one ")
    await house.agent.disconnect()
    house.agent.output += b"[printed while cut] "
    browser.type(b"two ")
    await house.audits(session_id, b"one two ")
    await house.agent.connect(f"gw-{new_id().hex[:8]}")
    await house.agent.announce()
    await until(lambda: browser.output == b"one [printed while cut] two ")


async def test_a_silent_agent_is_shown_as_offline_and_back(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    _, browser = await attached(house)
    await until(lambda: house.agent.seal)
    await house.agent.disconnect()
    monkeypatch.setattr(agent_end, "SILENT_S", 0.1)
    browser.type(b"?")
    await until(lambda: browser.control("state") == {"type": "state", "agent": "offline"}, 30)
    await house.agent.connect()
    await until(lambda: browser.control("state") == {"type": "state", "agent": "online"}, 30)
    await until(lambda: browser.output == b"?")


async def test_a_browser_that_does_not_draw_stops_the_agent(house: House) -> None:
    session_id, browser = await attached(house)
    await until(lambda: house.agent.seal)
    browser.acknowledges = False
    await house.agent.print(bytes(4 * 1024 * 1024))
    sql = "select output_recorded from core.tunnel_channels where session_id = $1"

    async def is_recorded() -> bool:
        return await house.value(sql, session_id) == SHOWN_AHEAD_BYTES

    await until(is_recorded, 30)
    asked = len(house.agent.resumes)
    relay, _ = browser.attached
    await relay.resume()
    await until(lambda: len(house.agent.resumes) > asked)  # it is told once more how far it may go
    assert house.agent.sent <= SHOWN_AHEAD_BYTES
    assert relay.channel(1).received <= SHOWN_AHEAD_BYTES
    assert await is_recorded()
    browser.acknowledges = True
    await browser.draw()
    await until(lambda: browser.offset == 4 * 1024 * 1024, 30)
    assert house.agent.most_ahead <= TUNNEL_CREDIT_BYTES


async def test_a_flood_is_shown_whole_and_the_recording_says_what_it_leaves_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "BURST_BYTES", 1024 * 1024)
    session_id, browser = await attached(house)
    await until(lambda: house.agent.seal)
    flood = os.urandom(8 * 1024 * 1024)
    await house.agent.print(flood)
    await until(lambda: browser.offset == len(flood), 60)
    assert bytes(browser.output) == flood
    await until(lambda: house.agent.acknowledged == len(flood), 30)  # what comes now is in a block of its own
    await house.agent.print(b"what came after it")
    await until(lambda: browser.output.endswith(b"after it"))
    await house.agent.exit(0)
    await until(lambda: browser.close_code == 1000)
    pieces = await house.recorded(session_id)
    left_out = sum(int.from_bytes(data, "big") for kind, data in pieces if kind == "x")
    kept = b"".join(data for kind, data in pieces if kind == "o")
    assert 0 < left_out < len(flood)
    assert left_out + len(kept) == browser.offset
    assert kept.startswith(flood[: 1024 * 1024])
    assert kept.endswith(b"what came after it")
    status = await house.service.status(house.tech, session_id)
    assert status.left_out_bytes == status.channels[0].left_out_bytes == left_out
    assert status.output_bytes == browser.offset


async def test_an_agent_that_ignores_the_window_fills_no_memory(house: House) -> None:
    session_id, browser = await attached(house)
    browser.type(b"x")
    await until(lambda: browser.acknowledged_input == 1)
    await until(lambda: browser.output == b"x")
    browser.acknowledges = house.agent.echo = False
    for number in range(64):
        await house.agent.say(TunnelOutput(session_id.bytes, 1, 1 + number * 32768, bytes(32768)))
    browser.type(b"y")
    await until(lambda: browser.acknowledged_input == 2)  # which the agent says behind all of its output
    relay, _ = browser.attached
    assert SHOWN_AHEAD_BYTES <= relay.channel(1).received <= 1 + SHOWN_AHEAD_BYTES + CHUNK_BYTES


async def test_another_agent_cannot_speak_for_this_one(house: House) -> None:
    session_id, browser = await attached(house)
    await house.agent.say(TunnelOutput(session_id.bytes, 1, 0, b"forged"), sender=new_id())
    await house.agent.say(TunnelOutput(new_id().bytes, 1, 0, b"other session"))
    await house.bus.publish(
        traffic.tunnel_up(session_id), house.agent_id.bytes + b"\x02gw" + traffic.sized(b"\xc1 nonsense")
    )
    await until(lambda: house.agent.session)
    await house.agent.print(b"mine")
    await until(lambda: browser.output == b"mine")


async def test_the_shell_ends(house: House) -> None:
    session_id, browser = await attached(house)
    browser.type(b"exit\r")
    await until(lambda: browser.output == b"exit\r")
    await house.agent.print(b"bye")
    await house.agent.exit(3)
    await until(lambda: browser.close_code == 1000)
    assert browser.output == b"exit\rbye"
    assert browser.controls[-1] == {
        "type": "closed",
        "channel": 1,
        "exit_code": 3,
        "reason": "The shell ended.",
    }
    status = await house.service.status(house.tech, session_id)
    assert (status.status, status.exit_code, status.close_reason) == ("closed", 3, "exited")
    assert (await house.audit(session_id))[-1][0] == "tunnel.close"
    with pytest.raises(SessionClosed):
        await house.attach(session_id, ScriptedBrowser())


async def test_output_lost_just_before_the_end_still_comes(house: House) -> None:
    _, browser = await attached(house)
    await until(lambda: house.agent.seal)
    house.agent.lose_to_server = lambda message: isinstance(message, TunnelOutput)
    await house.agent.print(b"last words")
    house.agent.lose_to_server = lambda message: False
    await house.agent.exit(0)
    await until(lambda: browser.close_code == 1000)
    assert browser.output == b"last words"


async def test_a_clean_close_of_the_tab_ends_the_shell(house: House) -> None:
    session_id, browser = await attached(house)
    relay, end = browser.drop()
    await relay.leave(end, clean=True)
    await until(lambda: house.agent.hung_up)
    status = await house.service.status(house.tech, session_id)
    assert (status.status, status.close_reason) == ("closed", "closed")


async def test_a_shell_waits_for_its_person_as_long_as_the_partner_says_and_no_longer(house: House) -> None:
    session_id = await house.open()
    await house.execute("update core.tunnel_sessions set grace_s = 1")
    browser = await house.attach(session_id, ScriptedBrowser())
    relay, end = browser.drop()
    await relay.leave(end, clean=False)
    await until(lambda: house.agent.hung_up)
    status = await house.service.status(house.tech, session_id)
    assert (status.status, status.close_reason) == ("closed", "abandoned")
    assert status.ended_because == "Nobody came back to the terminal in time."


async def test_another_grace_holds_for_what_is_opened_then(house: House) -> None:
    before = await house.open()
    await house.execute(
        "insert into core.setting_values (tenant_id, key, value, changed_by)"
        " values ($1, 'terminal_grace_s', '60', 'x')",
        house.tenant_id,
    )
    after = await house.open()
    sql = "select grace_s from core.tunnel_sessions where session_id = $1"
    assert [await house.value(sql, each) for each in (before, after)] == [600, 60]


async def test_ones_open_sessions_say_since_when_nobody_looks(house: House) -> None:
    first, browser = await attached(house)
    second = await house.open()
    colleague = person(house.tenant_id)
    assert await house.service.own(colleague.inside()) == []
    own = await house.service.own(house.tech.inside())
    assert [(each.session_id, each.left_at, each.ends_at) for each in own] == [
        (second, None, None),
        (first, None, None),
    ]
    relay, end = browser.drop()
    await relay.leave(end, clean=False)

    async def left() -> TunnelStatus | None:
        own = {each.session_id: each for each in await house.service.own(house.tech.inside())}
        return own[first] if own[first].left_at is not None else None

    found = await until(left)
    assert (found.ends_at - found.left_at).total_seconds() == 600
    await house.attach(first, browser)
    assert await left() is None
    await house.service.close(house.tech.inside(), first)
    assert [each.session_id for each in await house.service.own(house.tech.inside())] == [second]


async def test_a_program_goes_on_while_nobody_looks(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_relay, "UNATTENDED_S", 0)
    session_id, browser = await attached(house)
    await until(lambda: house.agent.seal)
    await house.agent.print(b"before ")
    await until(lambda: browser.output == b"before ")
    relay, end = browser.drop()
    await relay.leave(end, clean=False)
    lines = b"".join(b"line %06d\r\n" % number for number in range(200_000))
    await house.agent.print(lines)
    await until(lambda: house.agent.acknowledged == 7 + len(lines), 30)
    fresh = await house.attach(session_id, ScriptedBrowser())
    await until(lambda: fresh.offset == 7 + len(lines))
    shown_from = fresh.start
    assert bytes(fresh.output) == (b"before " + lines)[shown_from:]
    relay, end = fresh.drop()
    await relay.leave(end, clean=False)
    await house.agent.print(b"little")
    await until(lambda: house.agent.acknowledged == len(house.agent.output))
    await house.attach(session_id, fresh)
    await until(lambda: fresh.output.endswith(b"little"))
    assert fresh.start == 7 + len(lines), "it goes on where it was"
    assert bytes(fresh.output) == bytes(house.agent.output)[shown_from:]


async def test_a_flood_that_nobody_looks_at_waits_for_its_person(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_relay, "UNATTENDED_S", 0)
    monkeypatch.setattr(recording, "BURST_BYTES", 1024 * 1024)
    session_id, browser = await attached(house)
    await until(lambda: house.agent.seal)
    relay, end = browser.drop()
    await relay.leave(end, clean=False)
    await house.agent.print(os.urandom(16 * 1024 * 1024))
    sql = "select left_out from core.tunnel_channels where session_id = $1"

    async def leaves_out() -> bool:
        return bool(await house.value(sql, session_id))

    await until(leaves_out, 30)
    asked = len(house.agent.resumes)
    await relay.resume()
    await until(lambda: len(house.agent.resumes) > asked)
    assert house.agent.sent < 8 * 1024 * 1024
    await house.attach(session_id, browser)
    await until(lambda: browser.offset == 16 * 1024 * 1024, 60)


async def test_the_lease_of_a_process_that_died_holds_for_the_grace(house: House) -> None:
    """Its browser may come back to another process as late as to the same one."""
    session_id, browser = await attached(house)
    relay, _ = browser.drop()
    await relay.vanish()
    left_s = await house.value(
        "select extract(epoch from lease_until - now())::float8 from core.tunnel_sessions where session_id = $1",
        session_id,
    )
    assert 500 < left_s <= 615
    assert await close_expired(house.db, house.bus) == 0


async def test_a_new_tab_of_a_full_screen_program_begins_in_its_modes(house: House) -> None:
    session_id, first = await attached(house)
    await until(lambda: house.agent.seal)
    await house.agent.print(b"\x1b[?1049h\x1b[?1h\x1b=\x1b[?25l")
    text = b"line of it\r\n" * 60_000
    await house.agent.print(text)
    await until(lambda: first.offset == len(house.agent.output), 30)
    second = await house.attach(session_id, ScriptedBrowser())
    await until(lambda: second.offset == first.offset)
    assert second.start > 0
    assert second.control("history") == {
        "type": "history",
        "channel": 1,
        "until": first.offset,
        "prelude": "\x1b[?1049h\x1b[?1h\x1b[?25l\x1b=",
    }


@pytest.mark.parametrize(
    ("output", "prelude"),
    [
        (b"ls\r\n", ""),
        (b"\x1b[?1049h\x1b[?1049l", ""),
        (b"\x1b[?25h\x1b[?7h", ""),
        (b"\x1b[?1000;1006h\x1b[?1002h", "\x1b[?1000h\x1b[?1006h\x1b[?1002h"),
        (b"\x1b[?1002h\x1b[?1000h\x1b[?1002h", "\x1b[?1000h\x1b[?1002h"),
        (b"\x1b[?1049h\x1b[?1h\x1b=\x1bc\x1b[?2004h", "\x1b[?2004h"),
        (b"\x1b[?9999h\x1b[?h\x1b[?;h\x1b[?1;h", "\x1b[?1h"),
        (b"\x1b[?" + b"1" * 100 + b"h", ""),
    ],
)
def test_the_modes_that_output_leaves_a_screen_in(output: bytes, prelude: str) -> None:
    assert kind_of("terminal").prelude(output) == prelude


async def test_the_worker_closes_what_nobody_leases(house: House) -> None:
    session_id = await house.open()
    await until(lambda: house.agent.session)
    assert await close_expired(house.db, house.bus) == 0
    async with house.db.scope(system_scope(house.tenant_id)) as tx:
        await tx.execute("update core.tunnel_sessions set lease_until = now() - interval '1 second'")
    assert await close_expired(house.db, house.bus) == 1
    assert await close_expired(house.db, house.bus) == 0
    await until(lambda: house.agent.hung_up >= 1)
    status = await house.service.status(house.tech, session_id)
    assert (status.status, status.close_reason) == ("closed", "abandoned")
    assert [operation for operation, _ in await house.audit(session_id)] == [
        "tunnel.open",
        "channel.open",
        "channel.close",
        "tunnel.close",
    ]
    assert await house.chain_is_whole()


async def test_closing_over_rest_reaches_the_browser_at_another_process(house: House) -> None:
    session_id, browser = await attached(house)
    admin = person(house.tenant_id, Role.PARTNER_ADMIN).inside()
    closed = await house.other_service.close(admin, session_id)
    assert closed.status == "closed"
    await until(lambda: browser.close_code == 1000)
    assert browser.controls[-1]["type"] == "closed"
    await until(lambda: house.agent.hung_up)


async def test_signing_out_everywhere_ends_the_terminal(house: House) -> None:
    _, browser = await attached(house)
    house.revoked.add(house.tech.session_id)
    await until(lambda: browser.close_code == 1000)
    assert browser.controls[-1]["reason"] == "The sign-in session ended."
    await until(lambda: house.agent.hung_up)


async def test_nobody_else_attaches(house: House) -> None:
    session_id, _ = await attached(house)
    colleague, stranger = person(house.tenant_id), person(new_id())
    for relays in (house.relays, house.others):
        for somebody in (colleague, stranger):
            with pytest.raises(NoSuchSession):
                await relays.attach(session_id, somebody, ScriptedBrowser())


async def test_a_browser_cannot_leave_holes_or_flood(house: House) -> None:
    _, browser = await attached(house)
    assert browser.relay is not None
    with pytest.raises(StreamViolation):
        browser.relay.channel(1).input(5, b"x")
    house.agent.takes_input = False

    def flood() -> None:
        assert browser.relay is not None
        for number in range(64):
            browser.relay.channel(1).input(number * 32768, bytes(32768))

    with pytest.raises(StreamViolation):
        flood()


async def test_the_window_size_is_told_and_recorded(house: House) -> None:
    session_id, browser = await attached(house)
    relay, _ = browser.attached
    terminal = relay.channel(1)
    await terminal.record_rest(5)
    await terminal.change({"columns": 132, "rows": 50})
    await until(lambda: house.agent.sizes and house.agent.sizes[-1] == (132, 50))
    await terminal.record_rest(5)
    assert await house.recorded(session_id) == [("r", b"80x24"), ("r", b"132x50")]


async def test_of_a_window_that_is_dragged_only_the_last_size_is_recorded() -> None:
    blocks: list[Block | None] = []

    async def store(_start: int, _end: int, block: Block | None) -> None:
        blocks.append(block)

    async def acknowledge(_offset: int, _credit: int) -> None:
        raise AssertionError("a window's size is no output")

    output = OutputPath(0, store, acknowledge, recording.Budget(0, Clock()))
    for size in (b"81x24", b"90x30", b"100x40"):
        output.note("r", size)
    await output.flush()
    output.note("r", b"132x50")
    await output.flush()
    kept = [block for block in blocks if block is not None]

    async def pages(after: int) -> list[tuple[int, Block]]:
        return list(enumerate(kept, 1))[after:]

    assert [(piece.kind, piece.data) async for piece in recording.play(pages, 0)] == [
        ("r", b"100x40"),
        ("r", b"132x50"),
    ]


async def test_one_partners_terminals_do_not_shut_out_anothers(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that relays as many as it should takes more only of Partners that have less than their share."""
    monkeypatch.setattr(relays_module, "RELAYS", 4)
    for _ in range(4):
        await attached(house)
    with pytest.raises(RelayFull):
        await attached(house)
    tenant_id, agent_id = await plant_machine(house.db, "gw-elsewhere")
    other = person(tenant_id)
    for _ in range(2):
        opened = await house.service.open(other, agent_id, "terminal", {"columns": 80, "rows": 24})
        await house.relays.attach(opened.session_id, other, ScriptedBrowser())
    third = await house.service.open(other, agent_id, "terminal", {"columns": 80, "rows": 24})
    with pytest.raises(RelayFull):
        await house.relays.attach(third.session_id, other, ScriptedBrowser())


async def test_a_partner_opens_no_more_terminals_than_its_quota(house: House) -> None:
    await _give(house, "terminals", 2)
    for _ in range(2):
        await house.open()
    with pytest.raises(QuotaUsedUp, match="has 2 open terminals"):
        await house.open()


async def test_beyond_a_partners_quota_output_is_shown_and_left_out(house: House) -> None:
    """The terminal works, nobody waits, and the recording says what it lacks."""
    await _give(house, "recorded_bytes", 0)
    session_id, browser = await attached(house)
    await until(lambda: house.agent.seal)
    flood = os.urandom(200_000)
    await house.agent.print(flood)
    await until(lambda: browser.offset == len(flood) and house.agent.acknowledged == len(flood), 30)
    assert await house.recorded(session_id) == [("x", len(flood).to_bytes(8, "big"))]
    stored = "select count(*) from core.tunnel_recording where session_id = $1"
    assert await house.value(stored, session_id) == 0


async def test_what_is_recorded_counts_at_the_partner(house: House) -> None:
    _, browser = await attached(house)
    await until(lambda: house.agent.seal)
    await house.agent.print(b"hello")
    await until(lambda: house.agent.acknowledged == 5)
    assert browser.output == b"hello"
    used = await house.value("select used from core.partner_usage where resource = 'recorded_bytes'")
    assert isinstance(used, int)
    assert 0 < used <= 2 * recording.SLICE_BYTES


async def test_an_allowance_is_asked_for_seldom() -> None:
    asked, clock = list[int](), Clock()
    answers = [True, False, True]

    async def take(size: int) -> bool:
        asked.append(size)
        return answers[len(asked) - 1]

    allowance = recording.RecordingAllowance(take, clock)
    assert await allowance.grants(10)
    assert await allowance.grants(recording.SLICE_BYTES)
    assert asked == [recording.SLICE_BYTES + 10]
    assert not await allowance.grants(10)
    assert not await allowance.grants(10)
    assert len(asked) == 2
    clock.forward(recording.ASK_AGAIN_S)
    assert await allowance.grants(10)


async def _give(house: House, resource: str, most: int) -> None:
    """Give the Partner another quota than everybody's."""
    async with house.db.platform("test", "a quota") as tx:
        await tx.execute(
            "insert into core.partner_quotas (tenant_id, resource, most) values ($1, $2, $3)",
            house.tenant_id,
            resource,
            most,
        )
