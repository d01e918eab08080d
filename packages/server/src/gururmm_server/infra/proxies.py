"""Who is on the other end: the socket's address, or what a proxy that we trust says it was."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any

from gururmm_server.infra.given import proxy_networks

Scope = Any
"""An ASGI scope: the standard leaves its shape open."""


class TrustedProxies:
    """Addresses and networks whose X-Forwarded-For and X-Forwarded-Proto are believed. Nobody else's are."""

    def __init__(self, entries: Sequence[str]) -> None:
        """Raises `StartError` when an entry is neither."""
        self._networks = proxy_networks(entries)

    def apply(self, scope: Scope) -> None:
        """Put the real client's address and scheme on the scope, when a trusted proxy forwarded it."""
        if not self._networks or not scope.get("client") or not self._trusts(scope["client"][0]):
            return
        headers = dict(scope["headers"])
        chain = headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",")
        # The right end was written by our proxy; further left is only as true as who is to the right of it.
        for hop in reversed([part.strip() for part in chain if part.strip()]):
            if not _is_address(hop):
                break
            scope["client"] = (hop, 0)
            if not self._trusts(hop):
                break
        proto = headers.get(b"x-forwarded-proto", b"").decode("latin-1").strip().lower()
        if proto in ("http", "https"):
            web = {"http": "ws", "https": "wss"}
            scope["scheme"] = web[proto] if scope["type"] == "websocket" else proto

    def _trusts(self, address: str) -> bool:
        if not _is_address(address):
            return False
        parsed = ip_address(address)
        return any(parsed in network for network in self._networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
