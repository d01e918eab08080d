"""The gate: what every request passes, in plain ASGI because it is paid for by each of them.

Address, request id, log context, authentication, body limit, security headers, timing, and an answer when something
breaks that nobody expected.
"""

import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import structlog

from gururmm_server.core.access.errors import NotSignedIn
from gururmm_server.core.identity.errors import SessionEnded
from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.identity.revocation import Revocations
from gururmm_server.core.identity.tokens import AccessTokens
from gururmm_server.core.quotas.resources import REQUESTS_AT_ONCE, REQUESTS_PER_SECOND
from gururmm_server.entrypoints.internal_api.failures import PayloadTooLarge, problem
from gururmm_server.entrypoints.internal_api.strangers import Strangers
from gururmm_server.infra.commits import watch_commits
from gururmm_server.infra.errors import GuruError
from gururmm_server.infra.fair_queue import Crowded
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.metrics import REQUESTS
from gururmm_server.infra.proxies import TrustedProxies
from gururmm_server.infra.rate_limit import Pace, RateLimited

log = get_logger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_BODY_BYTES = 1024 * 1024
_LENGTH_DIGITS = 19
BOOTSTRAP_PREFIX = "/api/v1/bootstrap/"


class Authenticator:
    """Who sends a request, by its bearer token. Asks no database: revoked sessions are known in memory."""

    def __init__(self, tokens: AccessTokens, revocations: Revocations) -> None:
        self._tokens = tokens
        self._revocations = revocations

    def principal(self, authorization: bytes) -> Principal:
        """Returns the principal of an Authorization header. Raises `NotSignedIn`, `TokenExpired`, `SessionEnded`."""
        kind, _, token = authorization.decode("latin-1").partition(" ")
        if kind.lower() != "bearer":
            raise NotSignedIn(internal="not a bearer token")
        principal = self._tokens.verify(token.strip())
        if self._revocations.revoked(principal.session_id):
            raise SessionEnded
        return principal


@dataclass(slots=True)
class _Course:
    """What became of one request."""

    request_id: str
    status: int = 0


class Gate:
    """The outermost middleware. `bootstrap` answers agents' first questions without the rest of the stack."""

    def __init__(
        self,
        app: App,
        *,
        authenticator: Authenticator,
        bootstrap: App,
        proxies: TrustedProxies,
        strangers: Strangers,
        public_url: str,
    ) -> None:
        self._app = app
        self._strangers = strangers
        self._authenticator = authenticator
        self._bootstrap = bootstrap
        self._proxies = proxies
        self._pace = Pace(REQUESTS_PER_SECOND, REQUESTS_AT_ONCE)
        self._headers = security_headers(public_url)
        self._strict_transport = (b"strict-transport-security", b"max-age=31536000")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        self._proxies.apply(scope)
        if scope["type"] == "http" and scope["path"].startswith(BOOTSTRAP_PREFIX):
            await self._bootstrap(scope, receive, send)
            return
        course = _Course(secrets.token_hex(8))
        scope.setdefault("state", {})["request_id"] = course.request_id
        structlog.contextvars.bind_contextvars(request_id=course.request_id)
        if scope["type"] == "websocket":
            await self._app(scope, receive, send)
            return
        scope["state"]["commits"] = watch_commits()
        length = self._read_headers(scope)
        started = time.perf_counter()
        answer = self._answering(scope, course, send)
        try:
            if length > MAX_BODY_BYTES:
                await _refuse(answer, course, PayloadTooLarge())
            elif wait := self._wait(scope):
                await _refuse(
                    answer, course, RateLimited("Your Partner sends too many requests. Try again soon.", wait)
                )
            else:
                await self._work(scope, _limited(receive), answer)
        except (PayloadTooLarge, Crowded) as error:
            await _refuse(answer, course, error)
        except Exception:
            log.exception("request failed", path=scope["path"])
            await _refuse(answer, course, GuruError())
        route = getattr(scope.get("route"), "path", "other")
        REQUESTS.labels(scope["method"], route, course.status).observe(time.perf_counter() - started)

    async def _work(self, scope: Scope, receive: Receive, answer: Send) -> None:
        if not self._strangers.wait(scope):
            await self._app(scope, receive, answer)
            return
        # Whoever is slow to say what they want has no place yet that others wait for.
        received = await _whole(receive)
        async with self._strangers.turn(scope):
            await self._app(scope, received, answer)

    def _wait(self, scope: Scope) -> int:
        """Count a request at its Partner. Returns the seconds to wait where that has sent too many."""
        caller = scope["state"].get("caller")
        return self._pace.take(caller.tenant_id) if caller is not None and caller.tenant_id is not None else 0

    def _read_headers(self, scope: Scope) -> int:
        """Authenticate the scope. Returns the body's length as far as it was told."""
        length = 0
        for name, value in scope["headers"]:
            if name == b"authorization":
                self._authenticate(scope, value)
            elif name == b"content-length" and value.isdigit():
                # Python refuses to read thousands of digits; this many already say too much.
                length = int(value) if len(value) <= _LENGTH_DIGITS else MAX_BODY_BYTES + 1
        return length

    def _authenticate(self, scope: Scope, authorization: bytes) -> None:
        try:
            principal = self._authenticator.principal(authorization)
        except GuruError as error:
            scope["state"]["authentication_error"] = error
            return
        scope["state"]["caller"] = principal
        structlog.contextvars.bind_contextvars(user_id=str(principal.user_id))
        if principal.tenant_id is not None:
            structlog.contextvars.bind_contextvars(tenant_id=str(principal.tenant_id))

    def _answering(self, scope: Scope, course: _Course, send: Send) -> Send:
        extra = [*self._headers, (b"x-request-id", course.request_id.encode())]
        if scope["scheme"] == "https":
            extra.append(self._strict_transport)
        private = scope["path"].startswith("/api/")

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                course.status = message["status"]
                headers = [*message.get("headers", ()), *extra]
                if private:
                    headers.append((b"cache-control", b"no-store"))
                message = {**message, "headers": headers}
            await send(message)

        return answer


def security_headers(public_url: str) -> list[tuple[bytes, bytes]]:
    """Returns what tells browsers to trust this server alone: no inline script, no frames, no foreign hosts."""
    parts = urlsplit(public_url)
    socket = f" {'wss' if parts.scheme == 'https' else 'ws'}://{parts.netloc}" if parts.netloc else ""
    policy = "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self' 'unsafe-inline'",
            "font-src 'self'",
            "img-src 'self' data:",
            f"connect-src 'self'{socket}",
            "manifest-src 'self'",
            "base-uri 'none'",
            "form-action 'self'",
            "frame-ancestors 'none'",
        )
    )
    return [
        (b"content-security-policy", policy.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"x-frame-options", b"DENY"),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
        (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    ]


def _limited(receive: Receive) -> Receive:
    taken = 0

    async def receive_limited() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MAX_BODY_BYTES:
            raise PayloadTooLarge
        return message

    return receive_limited


async def _whole(receive: Receive) -> Receive:
    """Waits until a request's body is here, or its sender is gone; returns what gives it out again."""
    waiting: list[Message] = []
    while not waiting or (waiting[-1]["type"] == "http.request" and waiting[-1].get("more_body")):
        waiting.append(await receive())

    async def again() -> Message:
        return waiting.pop(0) if waiting else await receive()

    return again


async def _refuse(answer: Send, course: _Course, error: GuruError) -> None:
    if course.status:
        # The answer is on its way already: the broken body is all the client can see.
        return
    status, headers, body = problem(error, course.request_id)
    await answer({"type": "http.response.start", "status": status, "headers": headers})
    await answer({"type": "http.response.body", "body": body})
