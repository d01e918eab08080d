"""What is special about browsers: their cookies, the Origin that may use it, and where a request came from."""

from typing import Self
from urllib.parse import urlsplit

from fastapi import Request, Response

from gururmm_server.core.access.permissions import Role
from gururmm_server.core.component import House
from gururmm_server.core.identity.browsers import BROWSER_SECONDS
from gururmm_server.core.identity.errors import OriginRefused
from gururmm_server.core.identity.schemas import SignedIn
from gururmm_server.core.identity.sessions import SESSION_SECONDS, Device, Started

COOKIE = "gururmm_refresh"
COOKIE_PATH = "/api/v1/auth"
BROWSER_COOKIE = "gururmm_browser"
PLATFORM_PATH = "/api/v1/platform"
"""Where Platform staff enters and leaves Partners: theirs is sent there, too."""


class BrowserDoor:
    """What is special about browsers: the refresh cookie and the Origin that may use it."""

    def __init__(self, public_url: str) -> None:
        parts = urlsplit(public_url)
        self._own_origin = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's door."""
        return cls(house.settings.public_url)

    def check_origin(self, request: Request) -> None:
        """Raise `OriginRefused` when a page of another site sent this. Programs send no Origin."""
        origin = request.headers.get("origin")
        here = f"{request.url.scheme}://{request.headers.get('host', '')}"
        if origin is not None and origin not in (self._own_origin, here):
            raise OriginRefused(internal=origin[:200])

    def own_token(self, request: Request) -> str:
        """Returns the refresh token of the browser that sent this, empty where it has none. Raises `OriginRefused`."""
        self.check_origin(request)
        return request.cookies.get(COOKIE, "")

    def hand_over(self, started: Started, request: Request, response: Response) -> SignedIn:
        """Returns the answer of a sign-in, with the refresh token in its cookie."""
        secure = request.url.scheme == "https" or self._own_origin.startswith("https:")
        if started.refresh_token is not None:
            staff = started.signed_in.me.role is Role.PLATFORM_ADMIN
            for path in (COOKIE_PATH, PLATFORM_PATH) if staff else (COOKIE_PATH,):
                response.set_cookie(
                    COOKIE,
                    started.refresh_token,
                    max_age=SESSION_SECONDS,
                    path=path,
                    secure=secure,
                    httponly=True,
                    samesite="strict",
                )
        if started.browser_token is not None:
            response.set_cookie(
                BROWSER_COOKIE,
                started.browser_token,
                max_age=BROWSER_SECONDS,
                path=COOKIE_PATH,
                secure=secure,
                httponly=True,
                samesite="strict",
            )
        return started.signed_in

    def forget(self, response: Response) -> None:
        """Take the cookie away."""
        for path in (COOKIE_PATH, PLATFORM_PATH):
            response.delete_cookie(COOKIE, path=path, httponly=True, samesite="strict")


def device_of(request: Request) -> Device:
    """Returns where the request came from. Behind a trusted proxy the address is the browser's."""
    agent = request.headers.get("user-agent", "")
    printable = "".join(character for character in agent[:300] if character.isprintable())
    known = request.cookies.get(BROWSER_COOKIE, "")[:200]
    return Device(request.client.host if request.client else "", printable, known)
