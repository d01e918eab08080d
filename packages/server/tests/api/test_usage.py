"""What a Partner uses beside what it may: for its admins, for the Platform, and at the door."""

import pytest
from gururmm_server.core.access.permissions import Role
from gururmm_server.entrypoints.internal_api import gate
from gururmm_server.entrypoints.tech_stream import live
from gururmm_server.infra.metrics import MetricsReaders

from .conftest import Api
from .test_bootstrap import enrolment


async def test_an_admin_sees_what_the_partner_uses(api: Api) -> None:
    script = {"agent_ids": [str(api.own.ids["agent_id"])], "shell": "sh", "script": "x" * 5000}
    assert (await api.ask("POST", "/commands", script, token=api.token())).status == 201
    answer = await api.ask("GET", "/usage", token=api.token())
    used = {item["resource"]: item for item in answer.body["items"]}
    assert set(used) == {"recorded_bytes", "command_bytes", "output_bytes", "terminals", "machines"}
    assert used["machines"]["used"] == 1
    assert used["terminals"]["used"] == 0
    commands = used["command_bytes"]
    assert 15_000 < commands["used"] == commands["today"] < 20_000, "as a script, in its order and in the audit"
    assert commands["most_a_day"] == commands["most"] // 10
    theirs = (await api.ask("GET", "/usage", token=api.token(house=api.foreign))).body["items"]
    assert [item["used"] for item in theirs if item["resource"] == "command_bytes"] == [0]
    assert (await api.ask("GET", "/usage", token=api.token(Role.CLIENT_CONTACT))).status == 403


async def test_the_platform_sees_every_partners_use_and_gives_quotas(api: Api) -> None:
    root, own = api.token(None), str(api.own.tenant_id)
    script = {"agent_ids": [str(api.own.ids["agent_id"])], "shell": "sh", "script": "x" * 5000}
    await api.ask("POST", "/commands", script, token=api.token())
    listed = (await api.ask("GET", "/platform/partners?sort=-command_bytes", token=root)).body["items"]
    assert (listed[0]["id"], listed[0]["command_bytes"] > 10_000) == (own, True)
    assert listed[1]["command_bytes"] == 0

    path = f"/platform/partners/{own}/quotas"
    for most in (10_000, 0):
        assert (await api.ask("PUT", path, {"resource": "machines", "most": most}, token=root)).status == 204
    (row,) = (await api.ask("GET", "/platform/partners?search=own", token=root)).body["items"]
    assert row["agents_most"] == 0
    refused = await api.ask("POST", "/bootstrap/enrol", enrolment(api.own.code))
    assert (refused.status, refused.body["code"]) == (429, "quota_used_up")
    assert (await api.ask("PUT", path, {"resource": "machines", "most": None}, token=root)).status == 204
    assert (await api.ask("POST", "/bootstrap/enrol", enrolment(api.own.code))).status == 200
    changes = [row["details"] for row in await api.audit() if row["operation"] == "quota.changed"]
    assert changes == [
        {"resource": "machines", "before": None, "after": 10_000},
        {"resource": "machines", "before": 10_000, "after": 0},
        {"resource": "machines", "before": 0, "after": None},
    ]
    for body in ({"resource": "air", "most": 1}, {"resource": "machines", "most": -1}, {"resource": "machines"}):
        assert (await api.ask("PUT", path, body, token=root)).status == 422, body
    assert (await api.ask("PUT", path, {"resource": "machines", "most": 1}, token=api.token())).status == 403


class TestFewRequests:
    """A Partner that asks more than it may waits; the others do not."""

    @pytest.fixture
    def trusted_proxies(self, monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
        monkeypatch.setattr(gate, "REQUESTS_AT_ONCE", 5)
        monkeypatch.setattr(gate, "REQUESTS_PER_SECOND", 0.01)
        return ()

    async def test_its_requests_are_refused_and_nobody_elses(self, api: Api) -> None:
        for _ in range(5):
            assert (await api.ask("GET", "/clients", token=api.token())).status == 200
        refused = await api.ask("GET", "/clients", token=api.token(Role.PARTNER_TECH))
        assert (refused.status, refused.body["code"]) == (429, "rate_limited")
        assert int(refused.headers["Retry-After"]) > 0
        assert (await api.ask("GET", "/clients", token=api.token(house=api.foreign))).status == 200
        assert (await api.ask("GET", "/healthz")).status != 429


async def test_a_partner_has_so_many_live_dashboards(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "LIVE_SOCKETS", 1)

    async def stream(token: str) -> str:
        ticket = (await api.ask("POST", "/live/ticket", token=token)).body
        return api.base.replace("http", "ws") + str(ticket["stream_url"])

    origin = {"Origin": api.base}
    async with api.browser.ws_connect(await stream(api.token()), headers=origin) as first:
        assert (await first.receive_json())["type"] == "hello"
        async with api.browser.ws_connect(await stream(api.token()), headers=origin) as second:
            await second.receive()
            assert second.close_code == 1013
        async with api.browser.ws_connect(await stream(api.token(house=api.foreign)), headers=origin) as other:
            assert (await other.receive_json())["type"] == "hello"


@pytest.mark.parametrize(
    ("peer", "headers", "may"),
    [
        ("127.0.0.1", [], True),
        ("::1", [b"host"], True),
        ("::ffff:127.0.0.1", [], True),
        ("127.0.0.1", [b"x-forwarded-for"], False),
        ("127.0.0.1", [b"via"], False),
        ("192.0.2.1", [], False),
        ("10.0.0.9", [], True),
        ("10.0.0.9", [b"forwarded"], False),
        ("2001:db8::1", [], False),
        ("", [], False),
    ],
)
def test_figures_are_for_this_machine_and_whom_the_operator_named(peer: str, headers: list[bytes], may: bool) -> None:
    assert MetricsReaders(["10.0.0.0/8"]).may(peer, headers) is may


async def test_figures_do_not_go_through_a_proxy(api: Api) -> None:
    assert (await api.ask("GET", "/-/metrics")).status == 200
    passed_on = await api.ask("GET", "/-/metrics", headers={"X-Forwarded-For": "198.51.100.7"})
    assert (passed_on.status, passed_on.body["code"]) == (404, "not_found")
