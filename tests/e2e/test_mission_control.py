"""What needs me now: since when, and the acts that end the matter."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from product import Api, Product, until

pytestmark = [pytest.mark.takes(5), pytest.mark.engines("embedded")]


@pytest.fixture
def full(api: Api) -> Any:
    """A machine of the demo whose disk is full, which is online."""

    def found() -> Any:
        listed = api.get("/overview")["attention"]
        return next((entry for entry in listed if entry["kind"] == "disk_full" and entry["online"]), None)

    return until(found, 60)


def needs(page: Page) -> Locator:
    return page.get_by_role("list", name="What needs me now").get_by_role("listitem")


def row_of(page: Page, entry: Any) -> Locator:
    return needs(page).filter(has_text=entry["hostname"]).filter(has_text="full")


def test_a_full_disk_says_which_how_full_and_since_when(full: Any, signed_in: Page) -> None:
    row = row_of(signed_in, full)
    expect(row).to_contain_text(re.compile(r"\S+ is \d+(\.\d)? % full: [\d.]+ \w+ left\."))
    expect(row.locator("time")).to_have_attribute("datetime", full["since"])


def test_a_terminal_and_a_run_are_one_click_from_the_row(full: Any, signed_in: Page) -> None:
    name = full["hostname"]
    row_of(signed_in, full).get_by_role("button", name=f"Run command on {name}").click()
    dialog = signed_in.get_by_role("dialog")
    expect(dialog).to_contain_text(name)
    expect(dialog.get_by_role("textbox", name="Script")).to_be_focused()
    signed_in.keyboard.press("Escape")
    row_of(signed_in, full).get_by_role("button", name=f"Open a terminal on {name}").click()
    expect(signed_in).to_have_url(re.compile(f"/agents/{full['agent_id']}/terminal$"))


def test_what_is_snoozed_is_gone_until_somebody_wants_it_back(full: Any, signed_in: Page) -> None:
    row = row_of(signed_in, full)
    row.get_by_role("button", name="Snooze").click()
    signed_in.get_by_role("menuitem", name="Snooze for 1 hour").click()
    expect(row).to_have_count(0)
    signed_in.reload()
    back = signed_in.get_by_role("button", name="1 snoozed: show")
    expect(back).to_be_visible()
    expect(row).to_have_count(0)
    back.click()
    expect(row).to_be_visible()


def test_a_failed_run_leads_to_what_failed(signed_in: Page, product: Product, api: Api) -> None:
    script = "echo mission''-control; exit 7"
    command = api.run(product.agent_id, script)
    api.finished(command)
    row = needs(signed_in).filter(has_text=script)
    expect(row).to_contain_text("Failed on ", timeout=15_000)  # it is heard of, then asked for
    row.get_by_role("link").click()
    expect(signed_in).to_have_url(re.compile(f"/commands/{command}$"))


def test_a_slash_goes_to_the_search_of_the_page_and_from_others_to_the_fleet(signed_in: Page) -> None:
    signed_in.get_by_role("link", name="Commands", exact=True).first.click()
    search = signed_in.get_by_role("searchbox")
    expect(search).to_be_visible()
    signed_in.keyboard.press("/")
    expect(search).to_be_focused()
    expect(signed_in).to_have_url(re.compile("/commands"))
    signed_in.get_by_role("link", name="Mission Control").first.click()
    expect(signed_in.get_by_role("heading", name="Mission Control")).to_be_visible()
    signed_in.keyboard.press("/")
    expect(signed_in.get_by_role("combobox", name="Search machines")).to_be_focused()
