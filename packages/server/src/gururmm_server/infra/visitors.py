"""Where somebody comes from: addresses as sockets and proxies write them, and what counts as one visitor."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

_WRITTEN = re.compile(r"\[(?P<bracketed>[^\]]*)\](?::\d{1,5})?|(?P<with_port>\d+(?:\.\d+){3}):\d{1,5}")
_CUSTOMER_BITS = 64
"""An IPv6 customer has at least this much of an address to themselves, and may be anywhere in it."""


def read_address(text: str) -> IPv4Address | IPv6Address | None:
    """Returns the address in a text that may add a port, with IPv6 in brackets; None where there is no address.

    An IPv4 address that a dual-stack socket writes as IPv6 (`::ffff:192.0.2.1`) is the IPv4 address.
    """
    written = _WRITTEN.fullmatch(text.strip().strip('"'))
    bare = (written["bracketed"] or written["with_port"] or "") if written else text.strip()
    try:
        address = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def visitor(text: str) -> str:
    """Returns what counts as one visitor: an IPv4 address, or the /64 of an IPv6 one. Any other text is itself."""
    address = read_address(text)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _CUSTOMER_BITS), strict=False))
    return text if address is None else str(address)
