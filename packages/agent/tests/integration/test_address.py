"""A machine whose address changes while it is connected, between two real networks. Needs root."""

import itertools
import os
import socket

import pytest
from gururmm_wire.v2.agent import CommandResult, InventoryDelta, InventoryHashes, InventorySection
from gururmm_wire.v2.server import InventoryWanted, RunCommand, Settings

from packages.agent.tests.machines import Apart, apart, needs_root

pytestmark = pytest.mark.skipif(needs_root, reason="needs root")

SERVER = "192.0.2.1"
PATIENT = """
import random, sys
from gururmm_agent.link import reconnect
from gururmm_agent.__main__ import main
random.uniform = lambda least, most: most
reconnect.BASE_S = reconnect.CEILING_S = reconnect.RETURN_FIRST_S = reconnect.RETURN_S = 600.0
sys.exit(main())
"""


@pytest.fixture
def network(gateway):
    """A machine on a cable whose other end is the server's."""
    with apart("-n", "-m") as server, apart("-n", "-m") as machine:
        server.run(f"ip link add cable type veth peer name far; ip link set far netns {machine.pid}")
        server.run(f"ip addr add {SERVER}/24 dev cable; ip addr add 198.51.100.1/24 dev cable; ip link set cable up")
        machine.run("ip link set far up; ip addr add 192.0.2.7/24 dev far")
        gateway.host = SERVER
        gateway.sockets = server.in_its_network(lambda: (_listening(), _listening()))
        yield machine


def _listening() -> socket.socket:
    listening = socket.create_server((SERVER, 0))
    listening.setblocking(False)
    return listening


async def connected(gateway, agent, machine: Apart) -> None:
    gateway.settings = Settings(version=3, heartbeat_s=3600, metrics_s=3600, inventory_s=86400)
    await gateway.stop()
    await gateway.start()
    agent.prefix = ("nsenter", "-t", str(machine.pid), "-n", "-m")
    options = ("--server", gateway.url, "--site-code", gateway.site_code, "--insecure-http")
    await agent.start(arguments=options)
    await gateway.wait_for(InventoryHashes)


async def test_another_address_is_noticed_and_a_command_at_once_runs_at_once(gateway, agent, network):
    await connected(gateway, agent, network)
    count = len(gateway.connections)
    gateway.welcomed.clear()
    network.run("ip addr del 192.0.2.7/24 dev far; ip addr add 192.0.2.8/24 dev far")
    await gateway.wait_until(gateway.welcomed.is_set, 30)
    assert len(gateway.connections) == count + 1
    assert gateway.current.transport.underlying_transport.get_extra_info("peername")[0] == "192.0.2.8"
    run = RunCommand(os.urandom(16), "sh", "exit 0", 30)
    gateway.say(run)
    assert (await gateway.wait_for(CommandResult, command_id=run.command_id)).outcome == "succeeded"
    # The change may have been seen before there was a connection to tell it by: then the hashes tell.
    for count in itertools.count(1):
        gateway.say(InventoryWanted(["network"]))
        section = await gateway.wait_for(InventorySection, count=count)
        if "192.0.2.8/24" in section.items["far"]["addresses"]:
            break


async def test_interfaces_that_come_and_go_cost_no_connection(gateway, agent, network):
    await connected(gateway, agent, network)
    count = len(gateway.connections)
    network.run("ip link add br0 type bridge; ip addr add 203.0.113.1/24 dev br0; ip link set br0 up")
    changed = await gateway.wait_for(InventoryDelta, section="network")
    assert "203.0.113.1/24" in changed.changed["br0"]["addresses"]
    await gateway.understood()
    assert len(gateway.connections) == count


async def test_who_waits_for_a_network_does_not_wait_for_its_turn(gateway, agent, network):
    await connected(gateway, agent, network)
    await agent.kill()
    network.run("ip addr flush dev far")
    agent.program = ("-c", PATIENT)
    await agent.start(wait=False, arguments=())
    await gateway.wait_until(lambda: "Network is unreachable; next try in 600.0 s" in agent.log.read_text())
    gateway.welcomed.clear()
    network.run("ip addr add 192.0.2.9/24 dev far; ip route add default via 192.0.2.1")
    await gateway.wait_until(gateway.welcomed.is_set, 30)
    assert "the network changed: not waiting any longer" in agent.log.read_text()
