"""The routes under /install. Nothing here needs signing in; everything needs a code that is good."""

import re
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, PlainTextResponse, Response

from gururmm_server.entrypoints.install import render
from gururmm_server.entrypoints.install.bundle import ARCHIVE, AgentBundle
from gururmm_server.entrypoints.install.ports import InstallSite, SiteCodes

_CODE = re.compile(r"[A-Za-z0-9-]{4,64}")
_ASSETS = {"install.css": "text/css; charset=utf-8", "install.js": "text/javascript; charset=utf-8"}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; base-uri 'none'; "
        "form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}
_UNKNOWN = "This site code is not known here. Ask whoever gave you the link for a new one."
_ENDED = "This site code is no longer valid. Ask whoever gave you the link for a new one."
_NO_BUNDLE = "This server has no agent to give away: its operator builds it with `make setup`."


class _Refused(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class InstallPage:
    """Answers for one server. `server_url` is what goes into scripts: never taken from a request."""

    def __init__(self, codes: SiteCodes, bundle_dir: Path | None, server_url: str) -> None:
        self._codes = codes
        self._bundle_dir = bundle_dir
        self._server_url = server_url.rstrip("/")

    async def landing(self, site_code: str, request: Request) -> Response:
        try:
            site = await self._site(site_code)
        except _Refused as refused:
            title = "Unknown link" if refused.status == 404 else "This link has ended"
            page = render.refusal_page(title, refused.reason)
            return HTMLResponse(page, refused.status, _HEADERS)
        page = render.landing_page(self._server_url, site_code, site, request.headers.get("user-agent", ""))
        return HTMLResponse(page, headers=_HEADERS)

    async def script(self, site_code: str) -> Response:
        try:
            site = await self._site(site_code)
            text = render.installer(self._server_url, site_code, site, self._bundle())
        except _Refused as refused:
            if refused.status == 410:
                text = render.ended_installer(self._server_url, site_code, refused.reason)
            else:
                return PlainTextResponse(render.refusal(refused.reason), refused.status, _HEADERS)
        return PlainTextResponse(text, headers=_HEADERS)

    async def archive(self, site_code: str) -> Response:
        try:
            await self._site(site_code)
            bundle = self._bundle()
        except _Refused as refused:
            return PlainTextResponse(f"{refused.reason}\n", refused.status, _HEADERS)
        return FileResponse(bundle.path, media_type="application/gzip", filename=ARCHIVE, headers=_HEADERS)

    async def checksum(self, site_code: str) -> Response:
        try:
            await self._site(site_code)
            bundle = self._bundle()
        except _Refused as refused:
            return PlainTextResponse(f"{refused.reason}\n", refused.status, _HEADERS)
        return PlainTextResponse(f"{bundle.sha256}  {ARCHIVE}\n", headers=_HEADERS)

    async def asset(self, name: str) -> Response:
        if name not in _ASSETS:
            return PlainTextResponse("There is no such file.\n", 404, _HEADERS)
        return Response(render.asset(name), media_type=_ASSETS[name], headers=_HEADERS)

    async def _site(self, code: str) -> InstallSite:
        site = await self._codes.find(code) if _CODE.fullmatch(code) else None
        if site is None:
            raise _Refused(404, _UNKNOWN)
        if not site.usable:
            raise _Refused(410, _ENDED)
        return site

    def _bundle(self) -> AgentBundle:
        bundle = AgentBundle.find(self._bundle_dir)
        if bundle is None:
            raise _Refused(503, _NO_BUNDLE)
        return bundle


def install_routes(codes: SiteCodes, bundle_dir: Path | None, server_url: str) -> APIRouter:
    """Returns the router. It is kept out of the OpenAPI: these are pages and files for people and shells."""
    page = InstallPage(codes, bundle_dir, server_url)
    router = APIRouter(prefix="/install", include_in_schema=False)
    router.get("/assets/{name}")(page.asset)
    router.get("/{site_code}")(page.landing)
    router.get("/{site_code}/linux.sh")(page.script)
    router.get(f"/{{site_code}}/{ARCHIVE}")(page.archive)
    router.get(f"/{{site_code}}/{ARCHIVE}.sha256")(page.checksum)
    return router
