"""Answers in gzip, for those that may be: a list of machines, a year of readings.

How long a compressed answer is tells something of what stands in it. Where a secret (a token, a ticket, a site code, an
invitation) stood beside words that an attacker chose, its letters could be tried one by one. So only these reads are
compressed, and none of them holds a secret.
"""

import asyncio
import gzip
import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Callable[[], Awaitable[Message]], Send], Awaitable[None]]

_ID = "[0-9a-fA-F-]{36}"
WITHOUT_SECRETS = re.compile(
    rf"/api/v1/(agents(/{_ID}(/(metrics|software|changes))?)?|events|overview|tree|clients(/{_ID})?|sites(/{_ID})?)"
)
"""Not commands, processes and the audit: scripts, command lines and keystrokes hold passwords."""
_LEAST_BYTES = 1024
_AT_ONCE_BYTES = 32 * 1024
"""What is longer is compressed beside the event loop."""
_LEVEL = 4


class Compressed:
    """Middleware: compresses whole JSON answers to reads that hold no secret, where the browser takes that."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Any, send: Send) -> None:
        if scope["type"] != "http" or not _wanted(scope):
            await self._app(scope, receive, send)
            return
        held: Message | None = None

        async def answer(message: Message) -> None:
            nonlocal held
            if message["type"] == "http.response.start":
                held = message
                return
            if held is not None:
                start, held = held, None
                if message["type"] == "http.response.body" and not message.get("more_body", False):
                    start, message = await _smaller(start, message)
                await send(start)
            await send(message)

        await self._app(scope, receive, answer)


def _wanted(scope: MutableMapping[str, Any]) -> bool:
    accepted = next((value for name, value in scope["headers"] if name == b"accept-encoding"), b"")
    return scope["method"] == "GET" and b"gzip" in accepted and WITHOUT_SECRETS.fullmatch(scope["path"]) is not None


async def _smaller(start: Message, body: Message) -> tuple[Message, Message]:
    content = body.get("body", b"")
    headers = list(start.get("headers", ()))
    is_json = (b"content-type", b"application/json") in headers
    if start["status"] != 200 or not is_json or len(content) < _LEAST_BYTES:
        return start, body
    if len(content) <= _AT_ONCE_BYTES:
        packed = gzip.compress(content, _LEVEL, mtime=0)
    else:
        packed = await asyncio.to_thread(gzip.compress, content, _LEVEL, mtime=0)
    kept = [(name, value) for name, value in headers if name != b"content-length"]
    kept += [
        (b"content-length", str(len(packed)).encode()),
        (b"content-encoding", b"gzip"),
        (b"vary", b"accept-encoding"),
    ]
    return {**start, "headers": kept}, {**body, "body": packed}
