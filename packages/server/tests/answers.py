"""Holds every answer of an api under test against what its route declares.

Answers are mostly encoded straight from rows, without a model on the way: here the model is put on the way.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from typing import Any

from fastapi.routing import APIRoute
from gururmm_server.entrypoints.internal_api.failures import Problem
from pydantic import TypeAdapter, ValidationError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Checked:
    """An ASGI application with a look at each answer."""

    def __init__(self, app: Any, tell: Callable[[str], None]) -> None:
        """`tell` is called with what is wrong with an answer, once that is sent."""
        self._app = app
        self._tell = tell

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, body, json_like = 0, bytearray(), False

        async def look(message: Message) -> None:
            nonlocal status, json_like
            if message["type"] == "http.response.start":
                status = message["status"]
                json_like = dict(message["headers"]).get(b"content-type", b"").startswith(b"application/json")
            else:
                body.extend(message.get("body", b""))
            await send(message)

        await self._app(scope, receive, look)
        route = scope.get("route")
        if isinstance(route, APIRoute) and scope["path"].startswith("/api/"):
            fault = _fault(route, status, bytes(body), json_like=json_like)
            if fault:
                self._tell(f"{scope['method']} {scope['path']}: {fault}")


def fail(fault: str) -> None:
    """Raises: for who asks the application without a server between."""
    raise AssertionError(fault)


def _fault(route: APIRoute, status: int, body: bytes, *, json_like: bool) -> str:
    """Returns what is wrong with an answer; nothing for one that is as declared."""
    if status >= 400:
        model: Any = Problem
    elif status == (route.status_code or 200):
        model = route.response_model
    elif status in route.responses:
        model = route.responses[status].get("model")
    else:
        return f"answered {status}, which the route does not declare"
    if model is None:
        return f"answered JSON, and declares no shape: {body[:100]!r}" if json_like and body else ""
    if not json_like:
        return "declares a shape, and did not answer JSON"
    try:
        _adapter(model).validate_json(body, strict=True)
    except ValidationError as error:
        return f"{error}\n{body.decode()}"
    return ""


@cache
def _adapter(model: Any) -> TypeAdapter[Any]:
    return TypeAdapter(model)
