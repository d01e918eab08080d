"""Every page in both themes and at both widths, as a machine reads it: names, roles, contrast. axe finds nothing."""

from pathlib import Path
from typing import Any

import pytest
from axe import violations
from playwright.sync_api import Browser, Page
from product import Api, Product, start_agent, until

pytestmark = [pytest.mark.takes(20), pytest.mark.engines("external")]


@pytest.fixture
def away(product: Product, api: Api, tmp_path: Path) -> str:
    """A machine that was here and went: its rows and its page say so, and are to be read all the same."""
    site = api.get("/sites", limit=1)["items"][0]["id"]
    code = api.post(f"/sites/{site}/codes", {"expires_in_h": 1, "max_uses": 1})["code"]
    before = {item["id"] for item in api.get("/agents", limit=200)["items"]}
    agent = start_agent(product, tmp_path / "away", code)
    (found,) = until(lambda: {item["id"] for item in api.get("/agents", limit=200)["items"]} - before, 20)
    until(lambda: api.get(f"/agents/{found}")["cpu_percent"] is not None, 30)
    agent.terminate()
    agent.wait(10)
    until(lambda: api.get(f"/agents/{found}")["status"] == "offline", 30)
    return str(found)


def addresses(product: Product, api: Api, away: str) -> list[str]:
    site = api.get("/sites", limit=1)["items"][0]["id"]
    batch = api.post("/commands", {"filter": {"status": "online"}, "script": "exit 3"})["items"][0]["batch_id"]
    return [
        "/",
        "/fleet?sort=status",
        "/fleet?search=nothing-has-this-name",
        "/fleet?search=raam:8gb",
        f"/agents/{product.agent_id}",
        f"/agents/{away}",
        f"/commands/batch/{batch}",
        "/commands",
        "/clients",
        f"/sites/{site}",
        "/activity",
        "/settings",
        "/settings/users",
        "/settings/sign-in",
        "/settings/partner",
        "/settings/audit",
        "/agents/no-id",
    ]


def sign_in(page: Page, product: Product) -> None:
    page.goto("/")
    page.get_by_label("E-mail").fill(product.email)
    page.get_by_label("Password").fill(product.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Mission Control").wait_for()


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("width", [1440, 390])
def test_axe_finds_nothing(browser: Browser, product: Product, api: Api, away: str, *, scheme: Any, width: int) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": 900},
        base_url=product.url,
        color_scheme=scheme,
        reduced_motion="reduce",
        bypass_csp=True,
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    sign_in(page, product)
    found = {}
    for address in addresses(product, api, away):
        page.goto(address)
        page.get_by_role("status").filter(has_text="Live").first.wait_for()
        found[address] = violations(page)
    page.goto(f"/agents/{product.agent_id}")
    page.get_by_role("button", name="Run command").click()
    page.get_by_role("dialog").get_by_text("It is online.").wait_for()
    found["the Run dialog"] = violations(page)
    context.close()
    assert {address: what for address, what in found.items() if what} == {}
