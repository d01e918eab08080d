"""A technician's first minutes, in a real browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from product import Api, Product, start_agent, until

pytestmark = [pytest.mark.takes(3), pytest.mark.engines("embedded")]


def open_machine(page: Page, product: Product, tab: str = "") -> None:
    page.goto(f"/agents/{product.agent_id}{tab}")


def test_sign_in_refuses_a_wrong_password(page: Page, product: Product) -> None:
    page.goto("/")
    page.get_by_label("E-mail").fill(product.email)
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_role("heading", name="Mission Control")).not_to_be_visible()


def test_dark_from_the_first_paint_and_fonts_are_ours(page: Page, product: Product) -> None:
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]))
    page.goto("/")
    background = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert background not in ("rgb(255, 255, 255)", "rgba(0, 0, 0, 0)")
    assert hosts == {product.url.split("/")[2]}


@pytest.mark.engines("embedded", "external")  # one gateway, or another one
def test_a_machine_goes_offline_and_returns_before_your_eyes(
    signed_in: Page, product: Product, api: Api, tmp_path: Path
) -> None:
    site = api.get("/sites", limit=1)["items"][0]
    code = api.post(f"/sites/{site['id']}/codes", {"expires_in_h": 1, "max_uses": 1})["code"]
    before = machines_at(api, site)
    agent = start_agent(product, tmp_path / "second", code)
    try:
        (second,) = until(lambda: machines_at(api, site) - before, 20)
        signed_in.goto(f"/agents/{second}")
        expect(signed_in.get_by_text("Online", exact=True).first).to_be_visible(timeout=20_000)
        expect(signed_in.get_by_role("status").filter(has_text="Live").first).to_be_visible()
        agent.terminate()
        agent.wait(10)
        expect(signed_in.get_by_text("Offline", exact=True).first).to_be_visible(timeout=6_000)
        agent = start_agent(product, tmp_path / "second", code)
        expect(signed_in.get_by_text("Online", exact=True).first).to_be_visible(timeout=10_000)
        assert machines_at(api, site) - before == {second}, "it came back as itself, not as one machine more"
    finally:
        agent.terminate()
        agent.wait(10)


def machines_at(api: Api, site: dict[str, str]) -> set[str]:
    """The machines of a site, online or not."""
    return {item["id"] for item in api.get("/agents", site_id=site["id"], limit=200)["items"]}


def test_run_and_cancel_a_command(signed_in: Page, product: Product, api: Api) -> None:
    open_machine(signed_in, product)
    signed_in.get_by_role("button", name=re.compile("^Run")).first.click()
    signed_in.get_by_role("textbox", name="Script").fill("echo first light; sleep 60")
    signed_in.get_by_role("dialog").get_by_role("button", name="Run", exact=True).click()
    expect(signed_in.get_by_role("log", name="Output")).to_contain_text("first light")
    command = signed_in.url.rpartition("/")[2]
    assert api.get(f"/commands/{command}")["status"] == "running"
    signed_in.get_by_role("button", name="Cancel command").click()
    # Cancelling asks nothing: what runs stops, and the page says so.
    assert api.finished(command)["status"] == "cancelled"
    expect(signed_in.get_by_text("Cancelled", exact=True)).to_be_visible()
    expect(signed_in.get_by_role("button", name="Cancel command")).to_have_count(0)


def test_what_could_not_be_sent_is_said_and_not_carried_out_later(
    signed_in: Page, product: Product, api: Api, tmp_path: Path
) -> None:
    open_machine(signed_in, product)
    signed_in.get_by_role("button", name="Run command").click()
    dialog = signed_in.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Script").fill(f"touch {tmp_path / 'ghost'}")
    signed_in.context.set_offline(True)
    dialog.get_by_role("button", name="Run", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("can't be reached")
    dialog.get_by_role("button", name="Cancel").click()
    signed_in.get_by_role("link", name="Sessions", exact=True).first.click()
    expect(signed_in.get_by_role("alert")).to_contain_text("could not be shown")
    signed_in.context.set_offline(False)
    signed_in.get_by_role("button", name="Try again").click()
    expect(signed_in.get_by_role("heading", name="Sessions")).to_be_visible()
    assert api.finished(api.run(product.agent_id, "true"))["status"] == "succeeded"
    assert not (tmp_path / "ghost").exists()


def test_terminal_and_its_audit(signed_in: Page, product: Product) -> None:
    open_machine(signed_in, product, "/terminal")
    region = signed_in.get_by_role("region", name="Terminal")
    expect(signed_in.get_by_text("Keystrokes are recorded").first).to_be_visible()
    rows = region.locator(".xterm-rows")
    expect(rows).to_contain_text(re.compile(r"[$#]"), timeout=15_000)
    region.locator(".xterm").click()
    signed_in.keyboard.type("echo first-$((40+2))\n")
    expect(rows).to_contain_text("first-42")
    signed_in.keyboard.type("vim.tiny -n -u NONE -N /dev/null\n")
    expect(rows).to_contain_text('"/dev/null"')
    signed_in.keyboard.type("iwritten in vim")
    expect(rows).to_contain_text("written in vim")
    expect(rows).to_contain_text("-- INSERT --")
    signed_in.keyboard.press("Escape")
    expect(rows).not_to_contain_text("-- INSERT --")
    signed_in.keyboard.type(":q!\n")
    expect(rows).not_to_contain_text("written in vim")
    signed_in.keyboard.type("echo back-$((1+1))\n")
    expect(rows).to_contain_text("back-2")
    signed_in.goto("/settings/audit")
    audit = signed_in.get_by_role("table", name="Audit")
    expect(audit).to_contain_text("terminal.input")
    signed_in.get_by_role("searchbox").or_(signed_in.get_by_placeholder("Operation, person")).first.fill("tunnel.open")
    expect(audit).not_to_contain_text("terminal.input")
    expect(audit).to_contain_text("tunnel.open")
