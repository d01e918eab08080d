"""The dashboard's files: hashed assets for ever, everything else is the one page."""

from mimetypes import guess_type
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

_ASSETS = "assets/"


class Dashboard:
    """What answers where no route does. A path of the API or a missing asset stays 404."""

    def __init__(self, directory: Path | None) -> None:
        self._files = StaticFiles(directory=directory) if directory is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 4404})
            return
        response = await self._find(scope)
        await response(scope, receive, send)

    async def _find(self, scope: Scope) -> Response:
        path = scope["path"].lstrip("/")
        is_api = path == "api" or path.startswith("api/")
        if self._files is None or is_api or scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(404)
        try:
            response = await _smaller(self._files, path or "index.html", scope)
        except HTTPException as error:
            if error.status_code != 404 or path.startswith(_ASSETS):
                raise
            response = await _smaller(self._files, "index.html", scope)
        immutable = path.startswith(_ASSETS)
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if immutable else "no-cache"
        return response


async def _smaller(files: StaticFiles, path: str, scope: Scope) -> Response:
    """Returns a file, or the gzip twin that the build put beside it, where the browser takes that. Raises 404."""
    accepted = next((value for name, value in scope["headers"] if name == b"accept-encoding"), b"")
    if b"gzip" not in accepted:
        response = await files.get_response(path, scope)
    else:
        try:
            response = await files.get_response(f"{path}.gz", scope)
        except HTTPException:
            response = await files.get_response(path, scope)
        else:
            response.headers["content-encoding"] = "gzip"
            response.headers["content-type"] = guess_type(path)[0] or "application/octet-stream"
    response.headers["vary"] = "accept-encoding"
    return response
