"""One bounded HTTP/1.1 POST: all that hello and enrolment need, without the memory of a general HTTP library."""

import asyncio
from typing import Final
from urllib.parse import SplitResult, urlsplit

from gururmm_agent.link.proxy import open_tunnel
from gururmm_agent.link.route import Route
from gururmm_agent.link.trust import tls_context

TIMEOUT_S: Final = 15.0
_MAX_BODY: Final = 64 * 1024
_MAX_HEAD: Final = 16 * 1024


class HttpError(Exception):
    """No usable answer: the message says what failed."""


async def post_json(url: str, body: bytes, route: Route) -> tuple[int, bytes]:
    """POST JSON and return (status, body). Raises `HttpError` for everything that is not an HTTP answer."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await _post(url, body, route)
    except TimeoutError as error:
        raise HttpError(f"no answer within {TIMEOUT_S:.0f} s") from error
    except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
        raise HttpError(str(error) or type(error).__name__) from error


async def _post(url: str, body: bytes, route: Route) -> tuple[int, bytes]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or parts.hostname is None:
        raise HttpError(f"{url!r} is not an http:// or https:// address")
    reader, writer = await _open(parts, parts.hostname, route)
    try:
        head = (
            f"POST {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc.rpartition('@')[2]}\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nAccept: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode("ascii") + body)
        await writer.drain()
        return await _read_answer(reader)
    finally:
        writer.close()


async def _open(parts: SplitResult, host: str, route: Route) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Returns the streams to a server, with TLS where its address says so, through the proxy where there is one."""
    context = tls_context(route.ca_file) if parts.scheme == "https" else None
    port = parts.port or (443 if context else 80)
    proxy = route.proxy_for(parts.geturl())
    if proxy is None:
        return await asyncio.open_connection(host, port, ssl=context, limit=_MAX_HEAD)
    tunnel = await open_tunnel(proxy, host, port)
    try:
        name = host if context else None
        return await asyncio.open_connection(sock=tunnel, ssl=context, server_hostname=name, limit=_MAX_HEAD)
    except BaseException:
        tunnel.close()
        raise


async def _read_answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    version, _, rest = lines[0].partition(" ")
    if not version.startswith("HTTP/1.") or not rest[:3].isdigit():
        raise HttpError("the answer is not HTTP")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return int(rest[:3]), await _read_chunks(reader)
    if (length := headers.get("content-length")) is not None:
        return int(rest[:3]), await reader.readexactly(_bounded(int(length)))
    body = await reader.read(_MAX_BODY + 1)
    while len(body) <= _MAX_BODY and (more := await reader.read(_MAX_BODY)):
        body += more
    _bounded(len(body))
    return int(rest[:3]), body


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).partition(b";")[0], 16):
        _bounded(len(body) + size)
        body += (await reader.readexactly(size + 2))[:-2]
    return body


def _bounded(length: int) -> int:
    if not 0 <= length <= _MAX_BODY:
        raise HttpError(f"the answer is longer than {_MAX_BODY} bytes")
    return length
