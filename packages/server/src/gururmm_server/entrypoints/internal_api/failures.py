"""Every failure as the same JSON: {code, message, request_id, details}."""

import json
import re
from functools import cache
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import compile_path

from gururmm_server.entrypoints.internal_api.sentences import sentence
from gururmm_server.infra.errors import GuruError, InvalidInput, NotFound, OutcomeUnknown, Unavailable
from gururmm_server.infra.logging import get_logger

log = get_logger(__name__)


class Problem(BaseModel):
    """What an error answer holds."""

    code: str = Field(description="Stable, snake_case")
    message: str = Field(description="One sentence for people")
    request_id: str = Field(description="Quote it when asking for help: it is in the server's log")
    details: dict[str, Any] | list[dict[str, str]] | None = None


class MethodNotAllowed(GuruError):
    """This address does not take that method."""

    code = "method_not_allowed"
    status = 405


class PayloadTooLarge(GuruError):
    """A request may hold 1 MiB at most."""

    code = "payload_too_large"
    status = 413


class Unreadable(GuruError):
    """The request could not be read."""

    code = "invalid_request"
    status = 400


def problem(error: GuruError, request_id: str) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Returns status, headers and body that tell of an error."""
    body = {"code": error.code, "message": error.message, "request_id": request_id, "details": error.details}
    headers = [(b"content-type", b"application/json")]
    wait = error.details.get("retry_after_s") if isinstance(error.details, dict) else None
    if wait is not None:
        headers.append((b"retry-after", str(wait).encode()))
    if error.status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    return error.status, headers, json.dumps(body, default=str).encode()


def add_handlers(app: FastAPI) -> None:
    """Turn what routes raise into answers. What nobody expected is answered by the gate."""

    @app.exception_handler(GuruError)
    async def expected(request: Request, error: GuruError) -> Response:
        error = _honest(request, error)
        if error.internal or error.status >= 500:
            log.info("refused", code=error.code, status=error.status, internal=error.internal)
        return _response(request, error)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> Response:
        fields = [{"field": _field(item["loc"]), "message": sentence(item)} for item in error.errors()[:50]]
        return _response(request, InvalidInput(details=fields))

    @app.exception_handler(HTTPException)
    async def routing(request: Request, error: HTTPException) -> Response:
        if isinstance(error.__cause__, GuruError):
            # Raised while the body was read, which FastAPI takes for a body that cannot be read.
            return _response(request, error.__cause__)
        match error.status_code:
            case 404:
                return _response(request, NotFound("There is nothing at this address."))
            case 405:
                response = _response(request, MethodNotAllowed())
                response.headers["allow"] = ", ".join(sorted(_methods(app, request.scope["path"])))
                return response
            case _:
                return _response(request, Unreadable(internal=str(error.detail)))


def _honest(request: Request, error: GuruError) -> GuruError:
    """Returns the error, without the words that nothing was changed where a part of the act had been committed."""
    commits = getattr(request.state, "commits", None)
    if type(error) is Unavailable and request.method not in ("GET", "HEAD") and commits and commits.count:
        return OutcomeUnknown(internal=error.internal)
    return error


def _response(request: Request, error: GuruError) -> Response:
    status, headers, body = problem(error, request.state.request_id)
    response = Response(body, status_code=status)
    for name, value in headers:
        response.headers[name.decode()] = value.decode()
    return response


def _methods(app: FastAPI, path: str) -> set[str]:
    """Returns the methods that an address takes, be it by several routes."""
    contexts = [each for each in iter_route_contexts(app.routes) if each.path and _pattern(each.path).match(path)]
    return {method for each in contexts for method in getattr(each, "methods", None) or ()}


@cache
def _pattern(template: str) -> re.Pattern[str]:
    return compile_path(template)[0]


def _field(location: tuple[int | str, ...]) -> str:
    names = location[1:] if location and location[0] in ("body", "query", "path", "cookie", "header") else location
    return ".".join(str(name)[:100] for name in names) or "body"
