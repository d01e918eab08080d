"""Which addresses may do without TLS: this machine's own, and no gateway's whose server has it.

Enrolment and the installer trust what an address answers. Without TLS whoever is on the way can answer instead.
"""

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

_PLAIN: Final = ("http", "ws")


def plain_beyond_loopback(url: str) -> bool:
    """Returns whether what is said at this http, https, ws or wss address leaves the machine without TLS."""
    parts = urlsplit(url)
    return parts.scheme in _PLAIN and not _is_loopback(parts.hostname or "")


def gives_up_tls(server: str, gateway: str) -> bool:
    """Returns whether the gateway's address does without TLS although the server's does not."""
    return urlsplit(server).scheme == "https" and urlsplit(gateway).scheme in _PLAIN


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
