"""What is common to all requests: errors, limits, headers, the dashboard's files, addresses behind proxies."""

import asyncio
import io
import re
from typing import Any

import pytest
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.tenancy.service import Tenancy
from gururmm_server.entrypoints.internal_api.server import ApiServer
from gururmm_server.infra.errors import StartError
from gururmm_server.infra.proxies import TrustedProxies

from .conftest import Api


async def test_malformed_bodies_are_told_apart_by_field(api: Api) -> None:
    token = api.token()
    for data, field in (
        (b"{", "body"),
        (b"", "body"),
        (b"[]", "body"),
        (b'{"name": 7}', "name"),
        (b'{"name": null}', "name"),
        (b'{"name": ""}', "name"),
        (b'{"name": "' + b"x" * 201 + b'"}', "name"),
        (b'{"name": "a\\u0000b"}', "name"),
        (b'{"name": "\\ud800"}', "name"),
        (b"{}", "name"),
    ):
        answer = await api.ask("POST", "/clients", token=token, data=data)
        assert (answer.status, answer.body["code"]) == (422, "invalid_input"), data[:40]
        assert answer.body["details"], data[:40]
        if field == "name":
            assert answer.body["details"][0]["field"] == "name"
    for data in (b"\xff\xfe", b'{"name": ' + b"[" * 100_000):
        answer = await api.ask("POST", "/clients", token=token, data=data)
        assert answer.status in (400, 422), data[:40]
    wrong_kind = await api.ask(
        "POST", "/clients", token=token, data=b'{"name": "x"}', headers={"Content-Type": "text/plain"}
    )
    assert wrong_kind.status == 422
    assert (await api.ask("GET", "/clients/not-an-id", token=token)).status == 422


async def test_what_an_address_takes_is_said_where_it_refuses_a_method(api: Api) -> None:
    """Be it one route, several, or one of another path that fits, too."""
    client_id, agent_id = api.own.ids["client_id"], api.own.ids["agent_id"]
    for path, methods in (
        ("/clients", "GET, POST"),
        (f"/clients/{client_id}", "DELETE, GET, PATCH"),
        (f"/agents/{agent_id}/software", "GET"),
        ("/commands/clear", "DELETE, GET, POST"),
        ("/-/healthz", "GET"),
    ):
        answer = await api.ask("PUT", path, token=api.token())
        assert (answer.status, answer.headers["Allow"]) == (405, methods), path


async def test_a_body_beyond_the_limit_is_refused_however_it_is_sent(api: Api) -> None:
    token = api.token()
    big = b'{"name": "' + b"x" * (1024 * 1024) + b'"}'
    told = await api.ask("POST", "/clients", token=token, data=io.BytesIO(big))
    assert (told.status, told.body["code"]) == (413, "payload_too_large")

    async def pieces() -> Any:
        for _ in range(20):
            yield b"x" * 65536

    url, headers = (
        f"{api.base}/api/v1/clients",
        {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    async with api.browser.post(url, data=pieces(), headers=headers) as response:
        assert (response.status, (await response.json())["code"]) == (413, "payload_too_large")
    endless = {"Content-Length": "9" * 5001}
    assert await _status_of(api, "POST", "/api/v1/auth/sign-in", endless) in (400, 413)
    assert (await api.ask("GET", "/clients", token=token)).status == 200


async def _status_of(api: Api, method: str, path: str, headers: dict[str, str]) -> int:
    """The answer's status to a head that no client library would send."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(api.base.rpartition(":")[2]))
    lines = [f"{method} {path} HTTP/1.1", "Host: x", *(f"{name}: {value}" for name, value in headers.items())]
    writer.write("\r\n".join([*lines, "", ""]).encode())
    status = (await asyncio.wait_for(reader.readline(), 5)).split()[1]
    writer.close()
    return int(status)


async def test_unknown_addresses_are_json_under_api_and_the_dashboard_elsewhere(api: Api) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = await api.ask(method, "/nothing/here")
        assert (answer.status, answer.body["code"]) == (404, "not_found")
    assert (await api.ask("PUT", "/clients")).body["code"] == "method_not_allowed"
    for path in ("/-/", "/-/fleet/anything", "/-/welcome/token"):
        page = await api.ask("GET", path)
        assert (page.status, b"GuruRMM" in page.body) == (200, True)
        assert page.headers["Cache-Control"] == "no-cache"
    asset = await api.ask("GET", "/-/assets/app-1a2b.js")
    assert "immutable" in asset.headers["Cache-Control"]
    assert (await api.ask("GET", "/-/assets/missing.js")).status == 404
    for path in ("/-/../conftest.py", "/-/%2e%2e/%2e%2e/etc/passwd"):
        assert b"GuruRMM" in (await api.ask("GET", path)).body, "a path of the dashboard like any other"
    assert (await api.ask("GET", "/-/assets/..%2f..%2fetc%2fpasswd")).status == 404


async def test_browsers_are_told_to_trust_nothing_else(api: Api) -> None:
    for path in ("/-/", "/agents", "/-/healthz", "/nothing"):
        headers = (await api.ask("GET", path)).headers
        policy = headers["Content-Security-Policy"]
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert "connect-src 'self' ws://rmm.example.org" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert re.fullmatch("[0-9a-f]{16}", headers["X-Request-Id"])
        assert "Access-Control-Allow-Origin" not in headers
        assert "Server" not in headers
    assert (await api.ask("GET", "/clients", token=api.token())).headers["Cache-Control"] == "no-store"


async def test_what_nobody_expected_says_no_more_than_an_id(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def break_(*_: Any) -> None:
        raise RuntimeError("the secret is swordfish")

    monkeypatch.setattr(Tenancy, "tree", break_)
    answer = await api.ask("GET", "/tree", token=api.token())
    assert (answer.status, answer.body["code"]) == (500, "internal_error")
    assert answer.body["request_id"] == answer.headers["X-Request-Id"]
    assert "swordfish" not in str(answer.body)


async def test_probes_and_metrics(api: Api) -> None:
    assert (await api.ask("GET", "/-/healthz")).body == {"status": "ok"}
    assert (await api.ask("GET", "/-/readyz")).body == {"database": True, "bus": True}
    await api.ask("GET", f"/clients/{api.own.ids['client_id']}", token=api.token())
    text = (await api.ask("GET", "/-/metrics")).body.decode()
    assert 'route="/clients/{client_id}",status="200"' in text
    assert str(api.own.ids["client_id"]) not in text


async def test_the_description_names_every_answer(api: Api) -> None:
    described = (await api.ask("GET", "/openapi.json")).body
    assert described["openapi"].startswith("3.1")
    operations = [operation for path in described["paths"].values() for operation in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids) > 40
    assert "Problem" in described["components"]["schemas"]
    assert "HTTPValidationError" not in described["components"]["schemas"]


async def test_another_roles_token_of_another_partner_sees_its_own_only(api: Api) -> None:
    theirs = api.token(Role.PARTNER_TECH, house=api.foreign)
    names = [item["name"] for item in (await api.ask("GET", "/clients", token=theirs)).body["items"]]
    assert names == ["Client of foreign"]


def _scope(peer: str, **headers: str) -> dict[str, Any]:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "scheme": "http", "client": (peer, 1), "headers": raw}


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("10.0.0.1", "203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "1.2.3.4, 203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "203.0.113.5, 10.0.0.2", "203.0.113.5"),
        ("10.0.0.1", "nonsense, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7:4711", "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7:4711, 10.0.0.2:80", "198.51.100.7"),
        ("10.0.0.1", "[2001:db8::7]:4711", "2001:db8::7"),
        ("10.0.0.1", "[2001:db8::7]", "2001:db8::7"),
        ("10.0.0.1", "2001:DB8::7", "2001:db8::7"),
        ("::ffff:10.0.0.1", "203.0.113.5", "203.0.113.5"),
        ("10.0.0.1", "203.0.113.5, ::ffff:10.0.0.2", "203.0.113.5"),
        ("10.0.0.1", "[2001:db8::7]:x, 10.0.0.2", "10.0.0.2"),
        ("192.0.2.7", "203.0.113.5", "192.0.2.7"),
    ],
)
def test_only_trusted_proxies_are_believed(peer: str, forwarded: str, expected: str) -> None:
    scope = _scope(peer, x_forwarded_for=forwarded, x_forwarded_proto="https")
    TrustedProxies(["10.0.0.0/8"]).apply(scope)
    assert scope["client"][0] == expected
    assert scope["scheme"] == ("http" if peer == "192.0.2.7" else "https")


def test_hops_may_come_in_several_lines() -> None:
    scope = _scope("10.0.0.1")
    scope["headers"] = [(b"x-forwarded-for", b"203.0.113.5"), (b"x-forwarded-for", b"10.0.0.2")]
    TrustedProxies(["10.0.0.0/8"]).apply(scope)
    assert scope["client"][0] == "203.0.113.5"


async def test_a_busy_port_is_one_sentence() -> None:
    async def nothing(*_: Any) -> None:
        await asyncio.sleep(0)

    first = ApiServer(nothing, "127.0.0.1", 0)
    with pytest.raises(StartError, match=f"Port {first.port} on 127.0.0.1 is used by another program"):
        ApiServer(nothing, "127.0.0.1", first.port)
    first.close()
