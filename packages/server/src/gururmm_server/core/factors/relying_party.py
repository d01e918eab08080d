"""Whom passkeys are made for: this server, as browsers call it."""

import ipaddress
from urllib.parse import urlsplit

import msgspec

_USUAL_PORTS = {"http": 80, "https": 443}


class RelyingParty(msgspec.Struct, frozen=True):
    """The name to which browsers bind a passkey, and the origin whose pages may ask for one."""

    id: str
    origin: str


def relying_party(public_url: str) -> RelyingParty | None:
    """Returns who this server is to a passkey.

    None where browsers refuse: at an address that is no name, and without TLS anywhere but on the machine itself.
    """
    parts = urlsplit(public_url)
    host = (parts.hostname or "").lower()
    if not host or _is_address(host):
        return None
    if parts.scheme != "https" and host != "localhost" and not host.endswith(".localhost"):
        return None
    port = "" if parts.port in (None, _USUAL_PORTS.get(parts.scheme)) else f":{parts.port}"
    return RelyingParty(host, f"{parts.scheme}://{host}{port}")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
