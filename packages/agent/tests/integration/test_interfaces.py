"""Hosts of containers and containers: what of their interfaces is the machine's own. Needs root."""

import subprocess
import sys
from typing import Any

import msgspec
import pytest

from packages.agent.tests.machines import Apart, apart, needs_root

pytestmark = pytest.mark.skipif(needs_root, reason="needs root")

_ASK = """
import sys
import msgspec
from gururmm_agent.adapters.linux.network import network_items
from gururmm_agent.adapters.linux.readings import LinuxReadings

counters = LinuxReadings().counters()
told = {"items": network_items(), "received": counters.received, "sent": counters.sent}
sys.stdout.buffer.write(msgspec.json.encode(told))
"""


def told_by(machine: Apart) -> dict[str, Any]:
    """What the agent's adapter says there."""
    done = subprocess.run([*machine.prefix, sys.executable, "-c", _ASK], stdout=subprocess.PIPE, check=True, timeout=60)
    return msgspec.json.decode(done.stdout, type=dict[str, Any])


def test_of_200_containers_no_end_is_an_interface_of_their_host():
    with apart("-n", "-m") as host, apart("-n", "-m") as container:
        lines = ["ip link add br0 type bridge", "ip addr add 203.0.113.1/24 dev br0", "ip link set br0 up"]
        for number in range(100):  # Docker's ends in a bridge, and those that Kubernetes' plug-ins route
            lines.append(f"ip link add veth{number:x} type veth peer name e{number}")
            lines.append(f"ip link set veth{number:x} master br0 up")
            lines.append(f"ip link add cali{number:x} type veth peer name k{number}; ip link set cali{number:x} up")
            lines += [f"ip link set {end}{number} netns {container.pid}" for end in "ek"]
        lines.append("ip link add a0 type veth peer name a1; ip addr add 198.51.100.1/24 dev a0")
        lines.append("ip link add link a0 name m0 type macvlan; ip tuntap add t0 mode tap")
        lines.append("ip link add veth-out type veth peer name outer; ip addr add 192.0.2.7/24 dev veth-out")
        lines.append(f"ip link set outer netns {container.pid}")
        host.run("\n".join(["set -e", *lines]))
        items = told_by(host)["items"]
        interfaces = {name for name in items if name not in ("default_gateway", "dns")}
        assert interfaces == {"br0", "a0", "a1", "m0", "t0", "veth-out"}
        assert "192.0.2.7/24" in items["veth-out"]["addresses"]


def test_traffic_of_a_container_is_counted_once_where_it_leaves():
    with apart("-n", "-m") as outside, apart("-n", "-m") as container, apart("-n", "-m") as inner:
        outside.run(f"ip link add far type veth peer name eth0; ip link set eth0 netns {container.pid}")
        outside.run("ip addr add 192.0.2.1/24 dev far; ip link set far up; ip route add 10.0.0.0/24 via 192.0.2.2")
        container.run(
            f"""set -e
            ip addr add 192.0.2.2/24 dev eth0; ip link set eth0 up
            ip link add br0 type bridge; ip addr add 10.0.0.1/24 dev br0; ip link set br0 up
            ip link add v0 type veth peer name eth0i; ip link set v0 master br0 up; ip link set eth0i netns {inner.pid}
            echo 1 >/proc/sys/net/ipv4/ip_forward"""
        )
        inner.run("ip addr add 10.0.0.2/24 dev eth0i; ip link set eth0i up; ip route add default via 10.0.0.1")
        before = told_by(container)
        inner.run(
            f'{sys.executable} -c "import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n'
            "for _ in range(1000): s.sendto(bytes(1000), ('192.0.2.1', 9))\""
        )
        after = told_by(container)
        sent = after["sent"] - before["sent"]
        assert 900_000 < sent < 1_500_000, "through the bridge and its member it went as well"
        assert after["received"] - before["received"] < 300_000, "answers, that nobody listens there"
