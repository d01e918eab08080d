"""A machine whose names are no text, and collectors that fail: the agent shows what it can, and stays."""

import contextlib
import os
from pathlib import Path

import pytest
from gururmm_wire.v2.agent import Answer, CommandResult, Goodbye, Heartbeat, InventoryHashes, InventorySection, Metrics
from gururmm_wire.v2.names import SECTIONS
from gururmm_wire.v2.server import InventoryWanted, Query, RunCommand, Settings

from packages.agent.tests.machines import apart, needs_root

BROKEN = """
import sys
from gururmm_agent.adapters.linux import {module}
from gururmm_agent.__main__ import main

def fails(*_, **__):
    raise {error}

{module}.{function} = fails
sys.exit(main())
"""


@pytest.mark.skipif(needs_root, reason="needs root")
async def test_bytes_that_are_no_text_are_shown_escaped(gateway, agent, tmp_path):
    with apart("-n", "-m", "-u") as machine:
        machine.run(
            b"ip link add $(printf 'caf\\351') type veth peer name p0; printf 'h\\351te' >/proc/sys/kernel/hostname"
        )
        machine.run(b"ip link add $(printf 'l\\342\\200\\250s') type veth peer name p1")  # ends a line in Python
        folder = os.fsencode(tmp_path) + b"/d\xe9 \xe3\x80\x80k"
        machine.run(b"truncate -s 4M '%s'.img && mkfs.ext4 -q '%s'.img" % (folder, folder))
        machine.run(b"mkdir '%s' && mount -o loop '%s'.img '%s'" % (folder, folder, folder))
        agent.prefix = ("nsenter", "-t", str(machine.pid), "-m", "-u")
        # Its own interfaces stay hidden from sysfs: the server is at this machine's address.
        await agent.start()
        shown = f"{tmp_path}/d\\xe9 \u3000k"
        sample = await gateway.wait_until(lambda: [m for m in gateway.of(Metrics) if m.disks])
        assert any(disk.mount == shown and disk.total > 2**20 for disk in sample[0].disks)
        await gateway.wait_for(InventoryHashes)
        gateway.say(InventoryWanted(list(SECTIONS)))
        network = await gateway.wait_for(InventorySection, section="network")
        assert {"caf\\xe9", "p0", "l\u2028s", "p1"} <= set(network.items)
        assert network.items["caf\\xe9"]["mac"]
        assert (await gateway.wait_for(InventorySection, section="system")).items["hostname"] == "h\\xe9te"
        assert shown in (await gateway.wait_for(InventorySection, section="disks")).items
        assert gateway.enrolments[0].hostname == "h\\xe9te"
        gateway.say(Query(b"f" * 16, "folders", {"path": str(tmp_path)}))
        folders = await gateway.wait_for(Answer, query_id=b"f" * 16)
        assert "d\\xe9 \u3000k" in [item["name"] for item in folders.data["items"]]
        gateway.say(RunCommand(b"c" * 16, "bash", "exec -a $'p\\xe9' sleep 60", 60))
        await gateway.wait_until(lambda: _runs(b"p\xe9"))
        gateway.say(Query(b"p" * 16, "processes", {}))
        answer = await gateway.wait_for(Answer, query_id=b"p" * 16)
        assert "p\\xe9 60" in [row["command"] for row in answer.data["items"]]
        assert await agent.terminate() == 0


def _runs(name: bytes) -> bool:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if path.read_bytes().startswith(name + b"\0"):
                return True
    return False


@pytest.mark.parametrize(
    ("section", "function", "error"),
    [
        ("network", "interface_addresses", "KeyError('caf\\udce9')"),
        ("users", "user_items", "MemoryError('too many')"),
        ("software", "ask_tool", "OSError(5, 'Input/output error')"),
    ],
)
async def test_a_collector_that_fails_says_why_and_costs_itself_only(gateway, agent, section, function, error):
    agent.program = ("-c", BROKEN.format(module=section, function=function, error=error))
    await agent.start()
    await gateway.wait_for(InventoryHashes)
    gateway.say(InventoryWanted(list(SECTIONS)))
    sections = {name: await gateway.wait_for(InventorySection, section=name) for name in SECTIONS}
    why = sections[section].items["none"]["unavailable"]
    assert why in {"'caf\\udce9'", "'caf\\xe9'", "too many", "[Errno 5] Input/output error"}
    assert sections["system"].items["hostname"]
    faults = await gateway.wait_until(lambda: [m.faults for m in gateway.of(Metrics) if m.faults])
    assert [(fault.kind, fault.text) for fault in faults[0]] == [("reading_failed", f"{section}: {why}")]
    assert f"the inventory's {section} cannot be collected" in agent.log.read_text()
    gateway.say(RunCommand(b"c" * 16, "sh", "exit 0", 30))
    assert (await gateway.wait_for(CommandResult, command_id=b"c" * 16)).outcome == "succeeded"


@pytest.mark.parametrize("function", ["_memory", "_cpu", "_network", "local_mounts"])
async def test_readings_that_fail_cost_themselves_only(gateway, agent, function):
    gateway.settings = Settings(version=3, heartbeat_s=5, metrics_s=5)
    agent.program = ("-c", BROKEN.format(module="readings", function=function, error="ValueError('no number')"))
    await agent.start()
    await gateway.wait_for(Heartbeat)
    if function == "local_mounts":
        sample = await gateway.wait_for(Metrics)
        assert [(fault.kind, fault.text) for fault in sample.faults] == [("reading_failed", "disk use: no number")]
        assert not sample.disks
        assert sample.memory_total > 0
    gateway.say(Query(b"p" * 16, "processes", {}))
    assert (await gateway.wait_for(Answer, query_id=b"p" * 16)).ok
    assert await agent.terminate() == 0
    assert gateway.of(Goodbye)
    assert "no number" in agent.log.read_text()
