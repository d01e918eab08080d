"""Inventory, queries and watching on a real agent."""

import os
import socket

import pytest
from gururmm_wire.codec import inventory_hash
from gururmm_wire.v2.agent import (
    Answer,
    InventoryDelta,
    InventoryHashes,
    InventorySection,
    Metrics,
    SettingsApplied,
)
from gururmm_wire.v2.server import InventoryWanted, Query, Settings, SettingsPush, Watch

SECTIONS = ["system", "hardware", "disks", "network", "temperatures", "users", "software"]


async def test_hashes_then_sections_then_only_differences(gateway, agent):
    await agent.start()
    hashes = await gateway.wait_for(InventoryHashes)
    assert sorted(hashes.hashes) == sorted(SECTIONS)
    gateway.say(InventoryWanted(SECTIONS))
    sections = {}
    for name in SECTIONS:
        sections[name] = await gateway.wait_for(InventorySection, section=name)
        assert sections[name].hash == hashes.hashes[name] == inventory_hash(sections[name].items)
    assert sections["system"].items["hostname"] == socket.gethostname()
    assert sections["hardware"].items["memory"]["total"] > 0
    assert sections["temperatures"].items["sources"]["tried"]

    await agent.kill()
    planted = agent.state / "inventory" / "users"
    old = {"ghost@pts/9": {"name": "ghost"}}
    import msgspec

    planted.write_bytes(msgspec.msgpack.encode(old))
    gateway.messages.clear()
    await agent.start()
    assert (await gateway.wait_for(InventoryHashes)).hashes["users"] == inventory_hash(old)
    delta = await gateway.wait_for(InventoryDelta)
    assert (delta.section, delta.base_hash, delta.removed) == ("users", inventory_hash(old), ["ghost@pts/9"])
    assert delta.hash == hashes.hashes["users"]
    await gateway.understood()  # whatever one look finds is said at once
    assert len(gateway.of(InventoryDelta)) == 1
    assert not gateway.of(InventorySection)


@pytest.mark.parametrize(
    ("kind", "arguments", "key"),
    [
        ("processes", {}, "items"),
        ("folders", {"path": "/etc"}, "items"),
        ("temperatures", {}, "tried"),
        ("smart", {}, "items"),
    ],
)
async def test_questions_are_answered(gateway, agent, kind, arguments, key):
    await agent.start()
    gateway.say(Query(os.urandom(16), kind, arguments))
    answer = await gateway.wait_for(Answer)
    assert answer.ok
    assert key in answer.data
    if kind == "processes":
        assert any(row["pid"] == agent.process.pid for row in answer.data["items"])


async def test_questions_that_cannot_be_answered_say_why(gateway, agent):
    await agent.start()
    for arguments in ({"path": "/no/such/folder"}, {"path": 5}, {"path": ""}):
        gateway.messages.clear()
        gateway.say(Query(os.urandom(16), "folders", arguments))
        answer = await gateway.wait_for(Answer)
        assert not answer.ok
        assert answer.message


async def test_a_long_question_does_not_hold_up_the_exit(gateway, agent):
    await agent.start()
    gateway.say(Query(os.urandom(16), "folders", {"path": "/"}))
    await gateway.understood()
    assert await agent.terminate() == 0
    assert not gateway.of(Answer)


async def test_watching_brings_samples(gateway, agent):
    gateway.settings = Settings(version=3, heartbeat_s=3600, metrics_s=3600)
    await agent.start()
    await gateway.wait_for(Metrics)
    gateway.messages.clear()
    gateway.say(Watch(1, 3))
    await gateway.wait_for(Metrics, count=2)


async def test_settings_apply_live(gateway, agent):
    await agent.start()
    gateway.say(SettingsPush(Settings(version=9, log_level="DEBUG")))
    await gateway.wait_for(SettingsApplied, version=9)
