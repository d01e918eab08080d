"""Large reads are compressed; what holds a secret never is, since its length would tell of it."""

import gzip
import json

import aiohttp
from gururmm_server.core.access.permissions import Role

from .conftest import PASSWORD, Api

GZIP = {"Accept-Encoding": "gzip"}


async def raw(
    api: Api, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
) -> tuple[str | None, bytes, str | None]:
    """Returns the encoding, the bytes as they came, and what the answer varies with."""
    asked = {"Authorization": f"Bearer {api.token(Role.PARTNER_ADMIN)}", **(GZIP if headers is None else headers)}
    async with (
        aiohttp.ClientSession(auto_decompress=False) as browser,
        browser.request(method, f"{api.base}/api/v1{path}", json=body, headers=asked) as response,
    ):
        return response.headers.get("Content-Encoding"), await response.read(), response.headers.get("Vary")


async def test_a_long_read_is_compressed_and_says_the_same(api: Api) -> None:
    for number in range(30):
        await api.tenancy.create_client(api.own.caller, f"Client number {number}")
    encoding, packed, vary = await raw(api, "GET", "/clients?limit=200")
    plain_encoding, plain, _ = await raw(api, "GET", "/clients?limit=200", headers={"Accept-Encoding": "identity"})
    assert (encoding, vary, plain_encoding) == ("gzip", "accept-encoding", None)
    assert json.loads(gzip.decompress(packed)) == json.loads(plain)
    assert len(packed) < len(plain) / 3


async def test_a_short_one_is_not(api: Api) -> None:
    encoding, body, _ = await raw(api, "GET", "/clients?search=nobody")
    assert encoding is None
    assert json.loads(body)["total"] == 0


async def test_secrets_are_never_compressed(api: Api) -> None:
    site = api.own.ids["site_id"]
    for _ in range(40):
        await api.ask("POST", f"/sites/{site}/codes", {"expires_in_h": None, "max_uses": None}, token=api.token())
    answers = [
        await raw(api, "GET", f"/sites/{site}/codes"),
        await raw(api, "POST", "/auth/sign-in", {"email": api.own.email, "password": PASSWORD}),
        await raw(api, "GET", "/auth/me"),
        await raw(api, "GET", "/users"),
        await raw(api, "GET", "/commands?limit=200"),
        await raw(api, "GET", "/audit?limit=200"),
        await raw(api, "POST", "/live/ticket", {}),
    ]
    assert len(answers[0][1]) > 4096
    assert [encoding for encoding, _, _ in answers] == [None] * len(answers)
