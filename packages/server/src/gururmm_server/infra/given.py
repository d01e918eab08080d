"""What an operator gave, checked before anything starts: each refusal is one sentence that names the option."""

import errno
import re
import socket
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_network

from gururmm_server.infra.errors import StartError

_ORIGIN = re.compile(r"https?://([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?/?", re.IGNORECASE | re.ASCII)


def public_url(text: str) -> str:
    """An origin as browsers write it: http(s)://host[:port], no more; empty stays empty. Raises `StartError`."""
    found = _ORIGIN.fullmatch(text)
    if text and (found is None or (found[2] and not 0 < int(found[2]) < 65536)):
        raise StartError(
            f"--public-url: {text!r} is not http(s)://host or http(s)://host:port: "
            "give what browsers and agents call this server, like https://rmm.example.org."
        )
    return text.lower().rstrip("/")


def proxy_networks(entries: Iterable[str]) -> list[IPv4Network | IPv6Network]:
    """Addresses and networks, each as a network. Raises `StartError`."""
    networks = []
    for entry in filter(None, (each.strip() for each in entries)):
        try:
            networks.append(ip_network(entry, strict=False))
        except ValueError:
            raise StartError(
                f"--trusted-proxies: {entry!r} is no address and no network: "
                "give such as 10.0.0.5 or 10.0.0.0/8, comma-separated."
            ) from None
    return networks


def cannot_listen(error: OSError | UnicodeError, host: str, port: int, option: str) -> StartError:
    """Why a server cannot listen there, and what to do. `option` is the one that the port came from."""
    code = error.errno if isinstance(error, OSError) else None
    if isinstance(error, socket.gaierror | UnicodeError) or code == errno.EADDRNOTAVAIL:
        return StartError(f"This machine has no address {host}: give one of its own with --host, or 0.0.0.0 for all.")
    if code == errno.EADDRINUSE:
        return StartError(
            f"Port {port} on {host} is used by another program: stop that program or choose another port with {option}."
        )
    why = getattr(error, "strerror", None) or str(error)
    return StartError(f"Port {port} on {host} cannot be opened ({why}): choose another with {option}.")
