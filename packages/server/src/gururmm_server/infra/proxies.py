"""Who is on the other end: the socket's address, or what a proxy that we trust says it was."""

from collections.abc import Sequence
from typing import Any

from gururmm_server.infra.given import proxy_networks
from gururmm_server.infra.visitors import read_address

Scope = Any
"""An ASGI scope: the standard leaves its shape open."""


class TrustedProxies:
    """Addresses and networks whose X-Forwarded-For and X-Forwarded-Proto are believed. Nobody else's are."""

    def __init__(self, entries: Sequence[str]) -> None:
        """Raises `StartError` when an entry is neither."""
        self._networks = proxy_networks(entries)

    def apply(self, scope: Scope) -> None:
        """Put the real client's address and scheme on the scope, when a trusted proxy forwarded it."""
        if not self._networks or not scope.get("client") or not self.trusts(scope["client"][0]):
            return
        scope["client"] = (self.client(scope["client"][0], _values(scope, b"x-forwarded-for")), 0)
        proto = _values(scope, b"x-forwarded-proto")[-1:]
        self._take_scheme(scope, proto[0].lower() if proto else "")

    def client(self, peer: str, forwarded: Sequence[str]) -> str:
        """Returns who is at the other end of a connection from `peer`, by the hops that X-Forwarded-For names.

        Each may have a port, and IPv6 may stand in brackets: proxies differ.
        """
        # The right end was written by our proxy; further left is only as true as who is to the right of it.
        for hop in reversed(forwarded):
            address = read_address(hop) if self.trusts(peer) else None
            if address is None:
                break
            peer = str(address)
        return peer

    def _take_scheme(self, scope: Scope, proto: str) -> None:
        if proto in ("http", "https"):
            web = {"http": "ws", "https": "wss"}
            scope["scheme"] = web[proto] if scope["type"] == "websocket" else proto

    def trusts(self, address: str) -> bool:
        parsed = read_address(address)
        return parsed is not None and any(parsed in network for network in self._networks)


def _values(scope: Scope, name: bytes) -> list[str]:
    """Returns what a header lists, be it in one line or in several."""
    lines = b",".join(value for key, value in scope["headers"] if key == name).decode("latin-1")
    return [part.strip() for part in lines.split(",") if part.strip()]
