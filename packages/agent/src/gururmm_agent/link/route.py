"""The way to the server: which authorities count for TLS, and through which proxy everything goes.

What was given last stands in the state directory (`ca.pem`, `proxy`, `no_proxy`), so that it outlives updates and needs
no environment; without it the environment says it, by the names that curl knows.
"""

import os
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

import msgspec

_TLS: Final = ("https", "wss")
_PORTS: Final = {"http": 80, "ws": 80, "https": 443, "wss": 443}


class Route(msgspec.Struct, frozen=True):
    """`ca_file` holds the only authorities to trust (PEM); None: the system's. Proxies are addresses; empty: none."""

    ca_file: str | None = None
    http_proxy: str = ""
    https_proxy: str = ""
    no_proxy: str = ""

    def proxy_for(self, url: str) -> str | None:
        """The proxy for an http, https, ws or wss address, or None. Raises `ValueError` for one that is none for us."""
        parts = urlsplit(url)
        proxy = self.https_proxy if parts.scheme in _TLS else self.http_proxy
        if not proxy or goes_direct(self.no_proxy, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)):
            return None
        return checked_proxy(proxy)


def of_environment(ca_file: str | None, environment: Mapping[str, str] = os.environ) -> Route:
    """The way as the environment describes it."""

    def said(name: str) -> str:
        return environment.get(name) or environment.get(name.upper()) or ""

    others = said("all_proxy")
    return Route(ca_file, said("http_proxy") or others, said("https_proxy") or others, said("no_proxy"))


def checked_proxy(proxy: str) -> str:
    """The proxy's whole address. Raises `ValueError` where the agent cannot go through it."""
    whole = proxy if "://" in proxy else f"http://{proxy}"
    parts = urlsplit(whole)
    if parts.scheme != "http" or not parts.hostname or parts.port == 0:
        raise ValueError(f"the proxy {shown_proxy(whole)} is none that the agent can use: it goes through http:// ones")
    return whole


def shown_proxy(proxy: str) -> str:
    """The address without name and password, for logs and people."""
    scheme, _, rest = proxy.rpartition("://")
    return f"{scheme or 'http'}://{rest.rpartition('@')[2]}"


def goes_direct(no_proxy: str, host: str, port: int) -> bool:
    """Whether a list as in `no_proxy` has this host: names with all below them, addresses, networks, `*`.

    Each of them may have a port.
    """
    host = host.lower().rstrip(".")
    return any(_covers(entry, host, port) for entry in no_proxy.lower().replace(",", " ").split())


def _covers(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    name, colon, wanted = entry.rpartition(":")
    if colon and wanted.isdigit() and (":" not in name or name.endswith("]")):
        if int(wanted) != port:
            return False
        entry = name
    entry = entry.strip("[]")
    try:
        return ip_address(host) in ip_network(entry, strict=False)
    except ValueError:
        entry = entry.removeprefix("*").strip(".")
        return bool(entry) and (host == entry or host.endswith(f".{entry}"))
