"""Settings over REST: levels, where a value comes from, bounds, the audit, and who may."""

import asyncio
from typing import Any

import pytest
from gururmm_server.core.access.errors import Forbidden
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.orders.signing import OrderSigner
from gururmm_server.core.post.service import Post
from gururmm_server.core.post.traffic import settings_changed
from gururmm_server.core.setting import Level
from gururmm_server.core.settings.jobs import sign_settings
from gururmm_server.core.settings.service import SettingsService, SiteAt

from packages.server.tests.waiting import until
from packages.server.tests.world import DECLARED

from .conftest import Api
from .test_access import fill

SITE = "/sites/{site_id}/settings"


async def shown(api: Api, path: str = "/settings", **asked: Any) -> dict[str, dict[str, Any]]:
    """A page of settings, by key."""
    answer = await api.ask("GET", fill(path, api.own.ids), token=asked.get("token") or api.token())
    assert answer.status == 200, answer.body
    return {item["key"]: item for item in answer.body["items"]}


async def change(api: Api, body: dict[str, Any], path: str = "/settings", token: str | None = None) -> dict[str, Any]:
    """The page after a change, by key."""
    answer = await api.ask("PATCH", fill(path, api.own.ids), body, token=token or api.token())
    assert answer.status == 200, answer.body
    return {item["key"]: item for item in answer.body["items"]}


def where(item: dict[str, Any]) -> tuple[Any, ...]:
    return item["value"], item["source"], item["own"], item["inherited"], item["inherited_from"]


async def test_every_setting_is_kept_and_read_back_at_each_level(api: Api) -> None:
    staff = api.token(None)
    for level, path, token in (
        (Level.PLATFORM, "/platform/settings", staff),
        (Level.PARTNER, "/settings", api.token()),
        (Level.SITE, SITE, api.token()),
    ):
        for setting in DECLARED.settings.at(level):
            value = {
                "Number": lambda kind: kind.least,
                "Choice": lambda kind: kind.names[-1],
                "Text": lambda _: "Word",
            }[type(setting.kind).__name__](setting.kind)
            after = (await change(api, {setting.key: value}, path, token))[setting.key]
            assert (after["own"], after["value"], after["source"]) == (value, value, level.value), setting.key
            back = (await change(api, {setting.key: None}, path, token))[setting.key]
            assert (back["own"], back["value"]) == (None, setting.default), setting.key


async def test_the_nearest_level_holds_and_says_where_a_value_comes_from(api: Api) -> None:
    staff = api.token(None)
    assert where((await shown(api))["heartbeat_s"]) == (30, "default", None, 30, "default")
    await change(api, {"heartbeat_s": 100}, "/platform/settings", staff)
    assert where((await shown(api))["heartbeat_s"]) == (100, "platform", None, 100, "platform")
    await change(api, {"heartbeat_s": 50})
    assert where((await shown(api, SITE))["heartbeat_s"]) == (50, "partner", None, 50, "partner")
    at_site = (await change(api, {"heartbeat_s": 20}, SITE))["heartbeat_s"]
    assert where(at_site) == (20, "site", 20, 50, "partner")
    assert at_site["changed_by"] == api.own.email
    assert where((await shown(api))["heartbeat_s"]) == (50, "partner", 50, 100, "platform")
    await change(api, {"heartbeat_s": None})
    assert where((await shown(api, SITE))["heartbeat_s"]) == (20, "site", 20, 100, "platform")
    await change(api, {"heartbeat_s": None}, SITE)
    await change(api, {"heartbeat_s": None}, "/platform/settings", staff)
    assert where((await shown(api, SITE))["heartbeat_s"]) == (30, "default", None, 30, "default")


async def test_a_page_has_what_can_be_set_there_and_what_the_platform_alone_sets(api: Api) -> None:
    partner, site = await shown(api), await shown(api, SITE)
    assert partner["metrics_kept_days"]["settable"] is False
    assert partner["heartbeat_s"]["settable"] is True
    assert "label_client" in partner
    assert set(site) == {"heartbeat_s", "metrics_s", "inventory_s", "log_level", "terminal_grace_s"}
    assert not any(item["settable"] for item in (await shown(api, token=api.token(Role.PARTNER_TECH))).values())
    assert set(await shown(api, "/platform/settings", token=api.token(None))) == {
        setting.key for setting in DECLARED.settings.all()
    }


async def test_a_bad_value_is_said_at_its_field_and_nothing_is_changed(api: Api) -> None:
    for bad, words in (
        ({"heartbeat_s": 4}, "At least 5."),
        ({"heartbeat_s": 3601}, "At most 3,600."),
        ({"heartbeat_s": "30"}, "This is not a whole number."),
        ({"log_level": "LOUD"}, "One of 'DEBUG', 'INFO', 'WARNING' or 'ERROR'."),
        ({"label_client": ""}, "Fill this in."),
        ({"no_such_setting": 1}, "There is no such value here."),
        ({"metrics_kept_days": 9}, "There is no such value here."),
    ):
        answer = await api.ask("PATCH", "/settings", {"metrics_s": 30} | bad, token=api.token())
        assert (answer.status, answer.body["code"]) == (422, "invalid_input"), bad
        assert answer.body["details"] == [{"field": next(iter(bad)), "message": words}]
    assert (await shown(api))["metrics_s"]["source"] == "default"


async def test_a_change_is_in_the_audit_with_before_and_after(api: Api) -> None:
    await change(api, {"heartbeat_s": 10, "label_client": "Customer"})
    await change(api, {"heartbeat_s": 10, "label_client": None, "metrics_s": None})
    await change(api, {"heartbeat_s": 15}, SITE)
    rows = [row["details"] for row in await api.audit() if row["operation"] == "settings.changed"]
    assert rows[0] == {
        "level": "partner",
        "before": {"heartbeat_s": None, "label_client": None},
        "after": {"heartbeat_s": 10, "label_client": "Customer"},
    }
    assert rows[1] == {"level": "partner", "before": {"label_client": "Customer"}, "after": {"label_client": None}}
    assert rows[2]["level"] == "site"
    assert (rows[2]["site_id"], rows[2]["after"]) == (str(api.own.ids["site_id"]), {"heartbeat_s": 15})
    assert len(rows) == 3


async def test_what_the_platform_changes_is_in_every_partners_audit(api: Api) -> None:
    await change(api, {"heartbeat_s": 100}, "/platform/settings", api.token(None))
    for house in (api.own, api.foreign):
        (row,) = [row for row in await api.audit(house) if row["operation"] == "settings.changed"]
        assert row["details"] == {"level": "platform", "before": {"heartbeat_s": None}, "after": {"heartbeat_s": 100}}
    async with api.db.platform("test", "look") as tx:
        reasons = [row["reason"] for row in await tx.fetch("select reason from core.platform_access")]
    assert "settings of the Platform: heartbeat_s = 100" in reasons


async def test_gateways_hear_only_of_what_agents_are_told(api: Api) -> None:
    heard: list[str] = []
    subscription = await api.bus.subscribe(
        settings_changed(api.own.tenant_id), lambda subject, _: heard.append(subject)
    )
    await api.bus.settled()
    await change(api, {"label_client": "Customer", "session_hours": 12})
    await change(api, {"heartbeat_s": 30})
    await change(api, {"heartbeat_s": 10})
    await until(lambda: len(heard) >= 2)
    await api.bus.settled()
    # The first change of all signs what was never signed; the default, said aloud, is no news.
    assert len(heard) == 2
    await subscription.stop()


async def test_words_of_ones_own_are_shown_to_everybody_of_the_partner(api: Api) -> None:
    await change(api, {"label_agent": "Device"}, "/platform/settings", api.token(None))
    await change(api, {"label_client": "Customer"})
    labels = (await api.ask("GET", "/auth/me", token=api.token(Role.CLIENT_CONTACT))).body["labels"]
    assert labels == {"partner": "Partner", "client": "Customer", "site": "Site", "agent": "Device"}


async def test_a_sign_in_lasts_as_long_as_is_set(api: Api) -> None:
    async def hours() -> int:
        await api.sign_in(api.own.email)
        async with api.db.identity() as tx:
            return round(
                await tx.fetchval(
                    "select extract(epoch from expires_at - created_at) / 3600 from core.user_sessions"
                    " order by created_at desc limit 1"
                )
            )

    assert await hours() == 720
    await change(api, {"session_hours": 8})
    assert await hours() == 8


async def test_who_sees_a_part_of_the_partner_changes_its_sites_alone(api: Api) -> None:
    """A membership that is limited to Clients, with every permission."""
    signer = OrderSigner(api.db.identity)
    await signer.refresh()
    service = SettingsService(api.db, Post(api.bus.publish), signer, DECLARED.settings)
    narrow = Scope(
        subject=api.own.caller.subject,
        tenant_id=api.own.tenant_id,
        client_ids=frozenset({api.own.ids["client_id"]}),
    )
    with pytest.raises(Forbidden):
        await service.change(narrow, {"heartbeat_s": 10})
    page = await service.page(narrow)
    assert not any(item.settable for item in page.items)
    site = SiteAt(api.own.ids["site_id"], "Head office", api.own.ids["client_id"])
    changed = await service.change(narrow, {"heartbeat_s": 10}, site)
    assert {item.key: item.value for item in changed.items}["heartbeat_s"] == 10


async def test_the_platforms_value_holds_for_a_partner_that_comes_later_too(api: Api) -> None:
    signer = OrderSigner(api.db.worker)
    await signer.refresh()
    post = Post(api.bus.publish)
    await sign_settings(api.db, post, signer)
    await change(api, {"heartbeat_s": 100}, "/platform/settings", api.token(None))
    assert await sign_settings(api.db, post, signer) == 2
    assert await sign_settings(api.db, post, signer) == 0
    made = await api.ask("POST", "/platform/partners", {"name": "Later"}, token=api.token(None))
    assert await sign_settings(api.db, post, signer) == 1
    async with api.db.worker() as tx:
        told = await tx.fetch("select tenant_id, version, told from core.tenant_settings")
    assert {str(row["tenant_id"]): row["version"] for row in told}[made.body["id"]] == 1
    assert {row["told"]["heartbeat_s"] for row in told} == {100}


async def test_two_changes_at_once_are_both_kept(api: Api) -> None:
    await asyncio.gather(
        *(change(api, {key: 300}, path) for key in ("heartbeat_s", "metrics_s") for path in ("/settings", SITE))
    )
    page = await shown(api, SITE)
    assert [where(page[key]) for key in ("heartbeat_s", "metrics_s")] == [(300, "site", 300, 300, "partner")] * 2
