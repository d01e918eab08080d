"""POST /api/v1/bootstrap/hello and /enrol: a tiny ASGI application of its own, because every agent asks it."""

import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

import msgspec
from gururmm_wire.hello import EnrolRequest, HelloRequest

from gururmm_server.core.enrolment.service import Bootstrap
from gururmm_server.infra.errors import GuruError, InvalidInput, NotFound
from gururmm_server.infra.logging import get_logger

log = get_logger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_PREFIX: Final = "/api/v1/bootstrap/"
_MAX_BODY_BYTES: Final = 16 * 1024
_HEADERS: Final = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]
_encode = msgspec.json.Encoder().encode
_decode_hello = msgspec.json.Decoder(HelloRequest).decode
_decode_enrol = msgspec.json.Decoder(EnrolRequest).decode


class MethodNotAllowed(GuruError):
    """This address takes POST."""

    code = "method_not_allowed"
    status = 405


class BootstrapApp:
    """Raw JSON in, raw JSON out."""

    def __init__(self, bootstrap: Bootstrap) -> None:
        self._bootstrap = bootstrap

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        body = await _body(receive)
        try:
            status, answer = await self._route(scope, body)
        except GuruError as error:
            log.info("bootstrap refused", code=error.code, internal=error.internal)
            status, answer = error.status, _problem(error)
        except Exception:
            log.exception("bootstrap failed", path=scope["path"])
            status, answer = 500, _problem(GuruError())
        headers = [*_HEADERS, (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _route(self, scope: MutableMapping[str, Any], body: bytes | None) -> tuple[int, bytes]:
        name = scope["path"].removeprefix(_PREFIX)
        if name not in ("hello", "enrol"):
            raise NotFound("There is nothing at this address.")
        if scope["method"] != "POST":
            raise MethodNotAllowed
        if name == "hello":
            return self._hello(body)
        client = scope.get("client")
        return 200, _encode(await self._bootstrap.enrol(_enrolment(body), client[0] if client else ""))

    def _hello(self, body: bytes | None) -> tuple[int, bytes]:
        """Returns the answer to a hello; even one that makes no sense gets it in hello's own shape."""
        try:
            request = _decode_hello(b"" if body is None else body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return 400, _encode(self._bootstrap.reject(f"This is not a hello: {error}"[:300]))
        return 200, _encode(self._bootstrap.hello(request))


def _enrolment(body: bytes | None) -> EnrolRequest:
    try:
        return _decode_enrol(b"" if body is None else body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(details=[{"field": "body", "message": str(error)[:300]}]) from error


async def _body(receive: Receive) -> bytes | None:
    """Returns the request's body; None when it is too long or the agent went away."""
    body: bytes = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > _MAX_BODY_BYTES:
            return None
        if not message.get("more_body"):
            return body


def _problem(error: GuruError) -> bytes:
    request_id = secrets.token_hex(8)
    return _encode({"code": error.code, "message": error.message, "request_id": request_id, "details": error.details})
