"""By which of its addresses this machine speaks to a peer, as its routes are now."""

import socket
from typing import Any

_V4_WORLD = ("192.0.2.1", 9)
_V6_WORLD = ("2001:db8::1", 9)
"""Addresses of nobody (RFC 5737, RFC 3849): they stand for all that lie beyond the default route."""


def source_towards(peer: tuple[Any, ...]) -> str | None:
    """The address; None where there is no way to the peer. Nothing is sent for it."""
    family = socket.AF_INET6 if ":" in str(peer[0]) else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(peer)
            return str(probe.getsockname()[0])
    except OSError:
        return None


def outlook() -> tuple[str | None, str | None]:
    """By which addresses this machine speaks to the world, over IPv4 and IPv6."""
    return source_towards(_V4_WORLD), source_towards(_V6_WORLD)
