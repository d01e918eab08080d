"""The smallest callers of HTTP/1.1 and of NATS: how the supervisor asks its own processes how they are."""

import asyncio
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any


async def http_status(port: int, path: str, *, host: str = "127.0.0.1", limit_s: float = 2.0) -> int | None:
    """The status of a GET; None when nothing answers in time."""
    try:
        status, _ = await asyncio.wait_for(_exchange(host, port, _request("GET", path)), limit_s)
    except (OSError, ValueError, IndexError, TimeoutError):
        return None
    return status


async def http_json(
    port: int,
    method: str,
    path: str,
    *,
    host: str = "127.0.0.1",
    token: str = "",
    user_agent: str = "gururmm",
    body: Any = None,
    limit_s: float = 10.0,
) -> tuple[int, Any]:
    """Send JSON, get the status and the decoded JSON. Raises OSError or ValueError when no such answer comes."""
    headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": user_agent}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    request = _request(method, path, headers, b"" if body is None else json.dumps(body).encode())
    status, answer = await asyncio.wait_for(_exchange(host, port, request), limit_s)
    return status, json.loads(answer) if answer else None


async def nats_answer(
    port: int, user: str, password: str, subject: str, inbox: str, *, limit_s: float = 2.0
) -> bytes | None:
    """The answer to an empty request on a subject; None when nobody answers in time."""
    hello = json.dumps({"user": user, "pass": password, "verbose": False, "lang": "gururmm", "version": "1"})
    request = f"CONNECT {hello}\r\nSUB {inbox} 1\r\nPUB {subject} {inbox} 0\r\n\r\n".encode()
    try:
        return await asyncio.wait_for(_ask_nats(port, request), limit_s)
    except (OSError, ValueError, IndexError, asyncio.IncompleteReadError, TimeoutError):
        return None


async def _ask_nats(port: int, request: bytes) -> bytes | None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        while words := (await reader.readline()).split():
            if words[0] == b"MSG":
                return await reader.readexactly(int(words[-1]))
            if words[0] == b"-ERR":
                return None
        return None
    finally:
        writer.close()


def _request(method: str, path: str, headers: Mapping[str, str] = MappingProxyType({}), body: bytes = b"") -> bytes:
    head = {"Host": "localhost", "Connection": "close", "Content-Length": str(len(body)), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


async def _exchange(host: str, port: int, request: bytes) -> tuple[int, bytes]:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(request)
        first = await reader.readline()
        length = None
        while (line := await reader.readline()).strip():
            name, _, value = line.decode("latin-1").partition(":")
            if name.lower() == "content-length":
                length = int(value)
        answer = await (reader.read() if length is None else reader.readexactly(length))
        return int(first.split()[1]), answer
    except asyncio.IncompleteReadError as error:
        raise ConnectionError("the answer was cut short") from error
    finally:
        writer.close()
