"""What an operator gave, checked before anything starts: each refusal is one sentence that names the option."""

import errno
import re
import socket
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import unquote, urlsplit

from gururmm_wire.addresses import gives_up_tls, plain_beyond_loopback

from gururmm_server.infra.errors import StartError
from gururmm_server.infra.kinds import Kind

_KIND = "{kind}"
_HOST = r"([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?"
_ORIGIN = re.compile(rf"https?://{_HOST}/?", re.IGNORECASE | re.ASCII)
_SOCKET = re.compile(rf"wss?://{_HOST}(?:/[a-z0-9._/-]*)?", re.IGNORECASE | re.ASCII)


def engine_url(text: str, option: str, kind: Kind | None = None) -> str:
    """Returns the URL of an engine: `file:PATH` is read, and `{kind}` stands for the kind of process that signs in.

    Raises `StartError` where the file cannot be read.
    """
    if kind is not None:
        text = text.replace(_KIND, kind)
    if not text.startswith("file:"):
        return text
    path = Path(text.removeprefix("file:"))
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise StartError(f"{option}: the file {path} cannot be read: {reason}.") from None


def password(url: str, option: str, kind: Kind) -> str:
    """Returns the password in a URL, of a cluster the first. Raises `StartError` where there is none."""
    try:
        found = urlsplit(url.partition(",")[0]).password
    except ValueError:
        found = None
    if not found:
        raise StartError(
            f"{option}: the URL of {kind} has no password: give it one, such as `openssl rand -hex 24` says."
        )
    return unquote(found)


def url_of_each_kind(text: str, option: str, example: str) -> str:
    """A URL that differs by the kind of process; empty stays empty. Raises `StartError`."""
    if text and _KIND not in text:
        raise StartError(
            f"{option}: with one login for all, a gateway could do what an api may. Write {_KIND} where the URLs of "
            f"api, gateway and worker differ, like {example} or file:/etc/gururmm/{_KIND}/{option[2:]}."
        )
    return text


def public_url(text: str) -> str:
    """An origin as browsers write it: http(s)://host[:port], no more; empty stays empty. Raises `StartError`."""
    if text and not _fits(_ORIGIN, text):
        raise StartError(
            f"--public-url: {text!r} is not http(s)://host or http(s)://host:port: "
            "give what browsers and agents call this server, like https://rmm.example.org."
        )
    return text.lower().rstrip("/")


def own_url(host: str, port: int) -> str:
    """What an api process is called by where nobody said it."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def gateway_urls(texts: Iterable[str], public_url: str) -> tuple[str, ...]:
    """What agents are told: ws(s)://host[:port][/path] each, wss where the public URL is https. Raises `StartError`."""
    return tuple(_gateway_url(text, "--gateway-urls", public_url) for text in texts)


def advertise_url(text: str, public_url: str, gateway_urls: Sequence[str]) -> str:
    """Where agents reach a gateway; it may be empty where they are told something else. Raises `StartError`."""
    if text:
        return _gateway_url(text, "--advertise-url", public_url)
    if public_url.startswith("https:") and not gateway_urls:
        raise StartError(
            f"Agents of {public_url} would be sent to this gateway without TLS, and they refuse that: say where they "
            "reach it with --advertise-url wss://…, or on all parts what they are told, with --gateway-urls."
        )
    return ""


def without_tls(urls: Iterable[str], *, accepted: bool) -> None:
    """Refuse addresses without TLS beyond this machine's own, unless that is accepted. Raises `StartError`."""
    for url in urls:
        if plain_beyond_loopback(url) and not accepted:
            raise StartError(
                f"{url} does without TLS: whoever is on the way could read passwords and take over machines that are "
                "added. Put TLS before it and give --public-url https://…, or accept that with --insecure-http."
            )


def _gateway_url(text: str, option: str, public_url: str) -> str:
    if not _fits(_SOCKET, text):
        raise StartError(
            f"{option}: {text!r} is not ws(s)://host or ws(s)://host:port: "
            "give where agents connect, like wss://rmm.example.org."
        )
    if gives_up_tls(public_url, text):
        raise StartError(
            f"{option}: {text} does without TLS, and agents of {public_url} refuse that: "
            "give a wss:// address, most often that of the proxy which serves --public-url."
        )
    return text


def _fits(pattern: re.Pattern[str], text: str) -> bool:
    found = pattern.fullmatch(text)
    return found is not None and (not found[2] or 0 < int(found[2]) < 65536)


def proxy_networks(entries: Iterable[str], option: str = "--trusted-proxies") -> list[IPv4Network | IPv6Network]:
    """Addresses and networks, each as a network. Raises `StartError`."""
    networks = []
    for entry in filter(None, (each.strip() for each in entries)):
        try:
            networks.append(ip_network(entry, strict=False))
        except ValueError:
            raise StartError(
                f"{option}: {entry!r} is no address and no network: "
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
