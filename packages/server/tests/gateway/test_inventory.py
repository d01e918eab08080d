"""Inventory: hashes first, only differences stored and told, hostile content harmless."""

from collections.abc import Callable
from typing import Any

import pytest
from agent_end import AgentEnd, Fleet, until
from gururmm_server.core.agents.record import Facts
from gururmm_server.core.inventory.facts import facts
from gururmm_server.core.inventory.ingest import (
    CHANGES,
    CHANGES_A_DAY,
    KEYS,
    TEXT,
    VALUE_BYTES,
    json_text,
)
from gururmm_server.entrypoints.agent_gateway.gateway import Gateway
from gururmm_wire.codec import inventory_hash
from gururmm_wire.v2.agent import InventoryDelta, InventoryHashes, InventorySection
from gururmm_wire.v2.server import InventoryWanted

SYSTEM = {
    "hostname": "nw-lap-0042",
    "architecture": "x86_64",
    "os": {"name": "Debian GNU/Linux", "pretty": "Debian GNU/Linux 12 (bookworm)", "id": "debian", "kernel": "6.1.0"},
}
NETWORK = {
    "lo": {"mac": "00:00:00:00:00:00", "addresses": ["127.0.0.1/8"], "up": True},
    "eth0": {"mac": "52:54:00:AA:BB:CC", "addresses": ["192.0.2.7/24", "fe80::1/64", "2001:db8::7/64"], "up": True},
    "dns": ["192.0.2.1"],
}


def section(name: Any, items: dict[str, Any]) -> InventorySection:
    return InventorySection(section=name, hash=inventory_hash(items), items=items)


async def _settled(fleet: Fleet, agent: AgentEnd, name: str, items: dict[str, Any]) -> None:
    async def there() -> bool:
        held = await fleet.value(
            "select hash from core.agent_inventory where agent_id = $1 and section = $2", agent.agent_id, name
        )
        return bool(held == inventory_hash(items))

    await until(there)


async def test_only_what_differs_is_asked_for(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    hashes: dict[Any, bytes] = {"system": inventory_hash(SYSTEM), "network": inventory_hash(NETWORK)}
    agent.send(InventoryHashes(hashes=hashes))
    assert set((await agent.expect(InventoryWanted)).sections) == {"system", "network"}
    agent.send(section("system", SYSTEM))
    agent.send(section("network", NETWORK))
    await _settled(fleet, agent, "network", NETWORK)
    await _settled(fleet, agent, "system", SYSTEM)
    agent.send(InventoryHashes(hashes=hashes | {"software": bytes(16)}))
    assert (await agent.expect(InventoryWanted)).sections == ["software"]
    row = await fleet.row("select * from core.agents where agent_id = $1", agent.agent_id)
    assert row["hostname"] == "nw-lap-0042"
    assert (row["os_name"], row["os_family"], row["arch"]) == ("Debian GNU/Linux 12 (bookworm)", "linux", "x86_64")
    assert row["macs"] == ["52:54:00:aa:bb:cc"]
    assert row["addresses"] == ["192.0.2.7", "2001:db8::7"]
    assert "nw-lap-0042" in row["search_text"]
    assert await fleet.value("select count(*) from core.inventory_changes") == 0  # the first sight is no change


async def test_a_difference_is_applied_and_becomes_history(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    before = {"bash": {"version": "5.2"}, "vim": {"version": "9.0"}, "nano": {"version": "7"}}
    after = {"bash": {"version": "5.3"}, "vim": {"version": "9.0"}, "htop": {"version": "3"}}
    agent.send(section("software", before))
    await _settled(fleet, agent, "software", before)
    agent.send(
        InventoryDelta(
            section="software",
            base_hash=inventory_hash(before),
            hash=inventory_hash(after),
            changed={"bash": after["bash"], "htop": after["htop"]},
            removed=["nano"],
        )
    )
    await _settled(fleet, agent, "software", after)
    changes = await fleet.value(
        "select jsonb_object_agg(key, jsonb_build_array(change, before, after))::text from core.inventory_changes"
    )
    assert '"nano": ["removed", {"version": "7"}, null]' in changes
    assert '"bash": ["changed", {"version": "5.2"}, {"version": "5.3"}]' in changes
    assert '"htop": ["added", null, {"version": "3"}]' in changes
    assert await fleet.events("agent.inventory_changed") == 1


async def test_a_difference_to_something_else_asks_for_the_whole(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    agent.send(InventoryDelta(section="users", base_hash=bytes(16), hash=bytes(16), changed={}, removed=[]))
    assert (await agent.expect(InventoryWanted)).sections == ["users"]


async def test_a_section_that_does_not_match_its_hash_is_refused(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    agent.send(InventorySection(section="users", hash=bytes(16), items={"a": 1}))
    agent.send(InventorySection(section="users", hash=bytes(16), items={"a": {1: "a number", None: "nothing"}}))
    agent.send(section("hardware", {"serial": "PF-1"}))
    await _settled(fleet, agent, "hardware", {"serial": "PF-1"})
    assert await fleet.value("select count(*) from core.agent_inventory where section = 'users'") == 0
    assert await fleet.value("select serial from core.agents where agent_id = $1", agent.agent_id) == "PF-1"


@pytest.mark.parametrize(
    "items",
    [
        {"a\0b": {"x": "nul \0 inside", "y\0": ["\0"]}},
        {"a": b"\xff\x00bytes", "b": float("nan"), "c": float("inf"), "d": 2**64 - 1, "e": -(2**63)},
        {"deep": [[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]},
        {"hostname": 5, "os": "not a mapping", "architecture": ["x"], "long": "x" * 60_000},
        {"literal": "\\u0000 is only text"},
    ],
)
async def test_hostile_content_is_stored_harmlessly(gateway: Gateway, fleet: Fleet, items: dict[str, Any]) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    agent.send(section("system", items))
    await _settled(fleet, agent, "system", items)
    hostname = await fleet.value("select hostname from core.agents where agent_id = $1", agent.agent_id)
    assert hostname.startswith("host-")
    await agent.understood()
    assert len(gateway.roster.agents) == 1


def test_text_that_looks_like_a_nul_survives() -> None:
    assert json_text({"a": "\\u0000"}) == '{"a":"\\\\u0000"}'
    assert json_text({"a": "x\0y"}) == '{"a":"xy"}'


@pytest.mark.parametrize("value", [None, 5, "text", [], [[]], {"a": None}, {"a": {"addresses": 5, "mac": {}}}])
@pytest.mark.parametrize("name", ["system", "network", "users", "hardware", "software", "disks"])
def test_any_type_anywhere_is_passed_over(name: str, value: Any) -> None:
    for items in ({"os": value, "hostname": value, "serial": value, "eth0": value}, {"x": value}):
        facts(name, items)


async def test_systems_are_sorted_into_families() -> None:
    windows = {"os": {"name": "Microsoft Windows", "version": "11", "id": "windows"}}
    assert facts("system", windows) == Facts(os_name="Microsoft Windows 11", os_family="windows")
    assert facts("system", {"os": {"name": "macOS", "version": "15", "id": "macos"}}).os_family == "macos"
    assert facts("users", {"anna@pts/0": {"name": "anna"}, "bert@tty1": {"name": "bert"}}) == Facts(username="anna")


def test_names_hold_no_control_or_direction_characters() -> None:
    found = facts("system", {"hostname": " pc\u202e\x1b[2J\u2066-1\n\x00", "os": {"pretty": "Debian\r\u200f 12"}})
    assert found == Facts(hostname="pc[2J-1", os_name="Debian 12")


async def _grow(fleet: Fleet, agent: AgentEnd, held: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    grown = held | more
    agent.send(InventoryDelta("software", inventory_hash(held), inventory_hash(grown), more, []))
    return grown


@pytest.mark.parametrize(
    ("step", "steps"),
    [
        (lambda part: {f"{part}-{number}": 1 for number in range(KEYS // 2)}, 2),
        (lambda part: {f"big-{part}": "x" * 200_000}, TEXT // 200_000),
    ],
    ids=["keys", "text"],
)
async def test_differences_cannot_grow_a_section_without_bound(
    gateway: Gateway, fleet: Fleet, step: Callable[[int], dict[str, Any]], steps: int
) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    held: dict[str, Any] = {}
    agent.send(section("software", held))
    for part in range(steps):
        await _settled(fleet, agent, "software", held)
        held = await _grow(fleet, agent, held, step(part))
    await _settled(fleet, agent, "software", held)
    await _grow(fleet, agent, held, step(steps))
    agent.send(section("hardware", {"serial": "PF-1"}))
    await _settled(fleet, agent, "hardware", {"serial": "PF-1"})
    await _settled(fleet, agent, "software", held)
    with pytest.raises(TimeoutError):
        await agent.expect(InventoryWanted, 0.3)  # the whole would be no smaller


async def test_the_history_of_one_upload_is_bounded(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    agent.send(section("software", {}))
    await _settled(fleet, agent, "software", {})
    held = await _grow(fleet, agent, {}, {f"package-{number}": 1 for number in range(CHANGES + 50)})
    await _settled(fleet, agent, "software", held)
    assert await fleet.value("select count(*) from core.inventory_changes") == CHANGES + 1
    assert await fleet.value("select count(*) from core.inventory_changes where key = 'and 50 more'") == 1


async def test_the_history_of_one_day_is_bounded(gateway: Gateway, fleet: Fleet) -> None:
    agent, other = await fleet.enrol(2)
    await agent.join(gateway.port)
    await other.join(gateway.port)
    await fleet.value(
        "insert into core.inventory_changes (tenant_id, change_id, agent_id, at, section, key, change)"
        " select $1, gen_random_uuid(), $2, now() - make_interval(days => day), 'users', n::text, 'added'"
        " from generate_series(0, 1) day, generate_series(1, $3) n",
        fleet.tenant_id,
        agent.agent_id,
        CHANGES_A_DAY - 5,
    )
    for end in (agent, other):
        end.send(section("software", {}))
        await _settled(fleet, end, "software", {})
    held = await _grow(fleet, agent, {}, {f"package-{number}": 1 for number in range(8)})
    held = await _grow(fleet, agent, held, {f"later-{number}": 1 for number in range(4)})
    await _settled(fleet, agent, "software", held)  # the inventory itself is as it should be
    today = "from core.inventory_changes where agent_id = $1 and at > now() - interval '12 hours'"
    assert await fleet.value(f"select count(*) {today}", agent.agent_id) == CHANGES_A_DAY + 1
    assert await fleet.value(f"select after::text {today} and after ? 'left_out'", agent.agent_id) == '{"left_out": 7}'
    assert await fleet.events("agent.inventory_changed") == 1  # of the second difference nothing is kept
    held = await _grow(fleet, other, {}, {"package": 1})
    await _settled(fleet, other, "software", held)
    assert await fleet.value(f"select count(*) {today}", other.agent_id) == 1


async def test_long_values_are_left_out_of_the_history_only(gateway: Gateway, fleet: Fleet) -> None:
    (agent,) = await fleet.enrol()
    await agent.join(gateway.port)
    agent.send(section("software", {}))
    await _settled(fleet, agent, "software", {})
    fits, long = "x" * (VALUE_BYTES - 2), "x" * (VALUE_BYTES - 1)
    held = await _grow(fleet, agent, {}, {"fits": fits, "long": long})
    await _settled(fleet, agent, "software", held)
    kept = "select after::text from core.inventory_changes where key = $1"
    assert await fleet.value(kept, "fits") == f'"{fits}"'
    assert await fleet.value(kept, "long") == '{"bytes": 2049, "truncated": true}'
    assert await fleet.value("select items ->> 'long' from core.agent_inventory") == long


async def test_one_agents_uploads_leave_room_for_others(gateway: Gateway, fleet: Fleet) -> None:
    greedy, other = await fleet.enrol(2)
    await greedy.join(gateway.port)
    await other.join(gateway.port)
    large = {f"item-{number}": "x" * 1000 for number in range(200)}
    for name in ("software", "disks", "users", "network"):
        greedy.send(section(name, large))
    other.send(section("hardware", {"serial": "PF-2"}))
    await _settled(fleet, other, "hardware", {"serial": "PF-2"})
    wanted = (await greedy.expect(InventoryWanted)).sections  # what had no room is asked for again
    assert set(wanted) < {"software", "disks", "users", "network"}
