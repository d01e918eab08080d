"""One small HTTP/1.1 request on a connection of its own, as agents do it: load for the server, little for us."""

import asyncio
import ssl
from typing import Final, NamedTuple
from urllib.parse import urlsplit

_TIMEOUT_S: Final = 20.0
_MAX_BODY: Final = 256 * 1024


class HttpFailure(Exception):
    """No usable answer: the message says why."""


class Reply(NamedTuple):
    """Status, body and the seconds of Retry-After (0 if there was none)."""

    status: int
    body: bytes
    retry_after_s: float


async def post_json(
    url: str, body: bytes, source: str | None = None, tls: ssl.SSLContext | None = None, *, token: str = ""
) -> Reply:
    """POST JSON from the local address `source`; GET where there is none to send, with `token` as its bearer's.

    Raises `HttpFailure` for all that is not an HTTP answer.
    """
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            return await _post(url, body, source, tls, token)
    except TimeoutError as error:
        raise HttpFailure(f"{url} gave no answer within {_TIMEOUT_S:.0f} s") from error
    except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
        raise HttpFailure(f"{url}: {error or type(error).__name__}") from error


async def _post(url: str, body: bytes, source: str | None, tls: ssl.SSLContext | None, token: str) -> Reply:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    reader, writer = await asyncio.open_connection(
        parts.hostname,
        parts.port or (443 if secure else 80),
        ssl=(tls or True) if secure else None,
        local_addr=(source, 0) if source else None,
    )
    try:
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        bearer = f"Authorization: Bearer {token}\r\n" if token else ""
        writer.write(
            f"{'POST' if body else 'GET'} {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n{bearer}"
            "Accept: application/json\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode("ascii")
            + body
        )
        return await _read(reader)
    finally:
        writer.close()


async def _read(reader: asyncio.StreamReader) -> Reply:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ", 2)[1])
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    length = fields.get("content-length")
    body = await (reader.readexactly(min(int(length), _MAX_BODY)) if length else reader.read(_MAX_BODY))
    retry = fields.get("retry-after", "0")
    return Reply(status, body, float(retry) if retry.isdigit() else 0.0)
