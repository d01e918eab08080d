"""A connection through a proxy: CONNECT, and a name and password where its address has them (Basic)."""

import asyncio
import socket
from base64 import b64encode
from typing import Final
from urllib.parse import unquote, urlsplit

from gururmm_agent.link.route import shown_proxy

_MAX_HEAD: Final = 16 * 1024


async def open_tunnel(proxy: str, host: str, port: int) -> socket.socket:
    """Returns a connected socket at whose other end is the server. Raises `OSError`, which names the proxy."""
    parts = urlsplit(proxy)
    assert parts.hostname is not None
    try:
        connection = await _connect(parts.hostname, parts.port or 80)
    except OSError as error:
        raise OSError(f"the proxy {shown_proxy(proxy)} does not answer: {error}") from error
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        said = await _ask(connection, target, parts.username, parts.password)
    except BaseException:
        connection.close()
        raise
    if not said.startswith("2"):
        connection.close()
        raise OSError(f"the proxy {shown_proxy(proxy)} does not lead to {target}: it answers {said[:80]!r}")
    return connection


async def _connect(host: str, port: int) -> socket.socket:
    """Returns a socket to the first of the proxy's addresses that answers."""
    loop = asyncio.get_running_loop()
    failure: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        connection = socket.socket(family, kind, protocol)
        connection.setblocking(False)
        try:
            await loop.sock_connect(connection, address)
        except OSError as error:
            connection.close()
            failure = error
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise failure


async def _ask(connection: socket.socket, target: str, name: str | None, password: str | None) -> str:
    """Returns what the proxy answers, from the status on. Nothing follows its head: the server waits for our word."""
    loop = asyncio.get_running_loop()
    request = f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n"
    if name is not None:
        who = b64encode(f"{unquote(name)}:{unquote(password or '')}".encode()).decode()
        request += f"Proxy-Authorization: Basic {who}\r\n"
    await loop.sock_sendall(connection, f"{request}\r\n".encode("latin-1"))
    head = b""
    while b"\r\n\r\n" not in head:
        piece = await loop.sock_recv(connection, 4096)
        if not piece or len(head) > _MAX_HEAD:
            return "no HTTP answer"
        head += piece
    version, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
    return rest if version.startswith("HTTP/1.") else "no HTTP answer"
