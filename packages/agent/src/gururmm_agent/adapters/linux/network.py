"""Network interfaces, addresses, gateway and name servers."""

import ipaddress
import logging
import os
import socket
import struct
from collections.abc import Collection
from typing import Any, Final

from gururmm_agent.adapters.linux.proc import entries, read_text, try_read
from gururmm_agent.adapters.ports import Items
from gururmm_agent.adapters.unavailable import unavailable

_log = logging.getLogger(__name__)

_RTM_GETADDR: Final = 22
_DUMP_REQUEST: Final = 0x301
_IFA_ADDRESS: Final = 1
_IFA_LOCAL: Final = 2
_DONE: Final = 3
_ERROR: Final = 2
_FLAG_UP: Final = 1


def network_items() -> Items:
    """A key for each interface but loopback and containers' ends, `default_gateway` and `dns`."""
    addresses = interface_addresses()
    items: Items = {}
    paths = entries("/sys/class/net")
    here = {try_read(f"{path}/ifindex") for path in paths}
    for path in paths:
        name = path.name
        found = addresses.get(name, [])
        if name == "lo" or not path.is_dir() or _leads_into_container(str(path), found, here):
            continue
        try:
            items[name] = _interface(str(path), found)
        except (OSError, ValueError) as error:
            _log.warning("the network interface %r cannot be read: %s", name, error)
            items[name] = unavailable(str(error), str(path))
    items["default_gateway"] = _default_gateway()
    items["dns"] = _name_servers()
    return items


def _interface(path: str, addresses: list[str]) -> dict[str, Any]:
    flags = int(try_read(f"{path}/flags") or "0", 16)
    return {
        "mac": try_read(f"{path}/address"),
        "addresses": sorted(addresses),
        "mtu": int(try_read(f"{path}/mtu") or "0"),
        "speed_mbps": _speed(path),
        "up": bool(flags & _FLAG_UP) and try_read(f"{path}/operstate") != "down",
    }


def _leads_into_container(path: str, addresses: list[str], here: Collection[str | None]) -> bool:
    """Whether this is our end of a pair whose other end is a container's, however its engine calls it.

    Such an end has no address of its own, and what it leads to is not among the interfaces that are `here`.
    """
    if any(not address.startswith("fe80:") for address in addresses):
        return False
    own, other = try_read(f"{path}/ifindex"), try_read(f"{path}/iflink")
    if os.path.exists(f"{path}/device") or other in {own, "0"}:  # noqa: PTH110 - for each of hundreds
        return False
    if "DEVTYPE=" in (try_read(f"{path}/uevent") or ""):
        return False  # a VLAN, a bond, a bridge
    return other not in here


def interface_addresses() -> dict[str, list[str]]:
    """Interface name to addresses with prefix length, asked of the kernel over netlink. Raises `OSError`."""
    found: dict[str, list[str]] = {}
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as kernel:  # type: ignore[attr-defined,unused-ignore]
        kernel.settimeout(5)
        kernel.sendall(struct.pack("=IHHIIB7x", 24, _RTM_GETADDR, _DUMP_REQUEST, 1, 0, 0))
        while True:
            data = kernel.recv(65536)
            while data:
                length, kind = struct.unpack_from("=IH", data)
                if kind in (_DONE, _ERROR):
                    return found
                _add_address(data[16:length], found)
                data = data[(length + 3) & ~3 :]


def _add_address(body: bytes, found: dict[str, list[str]]) -> None:
    _, prefix, _, _, index = struct.unpack_from("=BBBBI", body)
    attributes: dict[int, bytes] = {}
    rest = body[8:]
    while len(rest) >= 4:
        length, kind = struct.unpack_from("=HH", rest)
        if length < 4:
            break
        attributes[kind] = rest[4:length]
        rest = rest[(length + 3) & ~3 :]
    raw = attributes.get(_IFA_LOCAL) or attributes.get(_IFA_ADDRESS)
    if raw is not None:
        try:
            name = socket.if_indextoname(index)
        except OSError:
            return  # it has just gone
        found.setdefault(name, []).append(f"{ipaddress.ip_address(raw)}/{prefix}")


def _speed(path: str) -> int | None:
    try:
        speed = int(try_read(f"{path}/speed") or "-1")
    except ValueError:
        return None
    return speed if speed > 0 else None


def _default_gateway() -> str | dict[str, Any]:
    for line in read_text("/proc/net/route").splitlines()[1:]:
        fields = line.split()
        if fields[1] == "00000000" and int(fields[3], 16) & 2:
            return socket.inet_ntoa(struct.pack("=I", int(fields[2], 16)))
    for line in (try_read("/proc/net/ipv6_route") or "").splitlines():
        fields = line.split()
        if fields[0] == "0" * 32 and fields[1] == "00" and int(fields[8], 16) & 2:
            return str(ipaddress.ip_address(bytes.fromhex(fields[4])))
    return unavailable("there is no default route", "/proc/net/route", "/proc/net/ipv6_route")


def _name_servers() -> list[str] | dict[str, Any]:
    tried = ["/run/systemd/resolve/resolv.conf", "/etc/resolv.conf"]
    for path in tried:
        lines = [line.split() for line in (try_read(path) or "").splitlines()]
        servers = [line[1] for line in lines if len(line) > 1 and line[0] == "nameserver"]
        if servers:
            return servers
    return unavailable("no name server is configured", *tried)
