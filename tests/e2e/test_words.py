"""What stands on the pages: the Partner's own words for its tiers, spaces that are seen, numbers that are read."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect
from product import Api, Product

pytestmark = [pytest.mark.takes(6), pytest.mark.engines("embedded")]

TIERS = re.compile(r"\b(?:Client|Site)s?\b")
EVERYTHING_SAID = """() => [document.body.innerText, document.title,
  ...["aria-label", "title", "placeholder"].flatMap((name) =>
    [...document.querySelectorAll(`[${name}]`)].map((element) => element.getAttribute(name)))].join("\\n")"""
SPACE = """([tag, size]) => {
  const line = document.createElement(tag);
  line.style.cssText = `position: absolute; white-space: pre; font-size: ${size}px`;
  document.querySelector("main").append(line);
  const width = (text) => { line.textContent = text; return line.getBoundingClientRect().width; };
  const space = width("34 sec. ago") - width("34sec. ago");
  line.remove();
  return space / size;
}"""


@pytest.fixture
def own_words(api: Api) -> Iterator[None]:
    """The Partner calls Clients Customers, and Sites Locations."""
    for client, site in (("Customer", "Location"), (None, None)):
        assert api.call("PATCH", "/settings", json={"label_client": client, "label_site": site}).is_success
        if client:
            yield


def said_in_the_products_words(page: Page) -> list[str]:
    """The lines of the page that say Client or Site.

    What happened before the Partner had words of its own may, and what says in whose place they stand.
    """
    lines = page.evaluate(EVERYTHING_SAID).splitlines()
    return [line for line in lines if TIERS.search(line) and not re.search(" created the |Instead of “", line)]


def test_a_partners_own_words_stand_everywhere(own_words: None, signed_in: Page, product: Product, api: Api) -> None:
    machine = api.get(f"/agents/{product.agent_id}")
    batch = api.post("/commands", {"filter": {"status": "online"}, "script": "true"})["items"][0]["batch_id"]
    found = {}
    for address in (
        "/",
        "/fleet",
        f"/agents/{product.agent_id}",
        f"/agents/{product.agent_id}/history",
        f"/commands/batch/{batch}",
        "/commands",
        "/sessions",
        "/clients",
        f"/clients/{machine['client_id']}",
        f"/sites/{machine['site_id']}",
        "/activity",
        "/settings",
        "/settings/users",
        "/settings/audit",
        "/agents/no-id",
    ):
        signed_in.goto(address)
        signed_in.get_by_role("status").filter(has_text="Live").first.wait_for()
        expect(signed_in.locator(".skeleton, [aria-label^=Loading]")).to_have_count(0)
        found[address] = said_in_the_products_words(signed_in)
    for address, acts in (
        ("/clients", ["New Customer"]),
        (f"/clients/{machine['client_id']}", ["New Location"]),
        (f"/sites/{machine['site_id']}", ["New code"]),
        (f"/agents/{product.agent_id}", ["Run command"]),
        (f"/agents/{product.agent_id}", ["More", "Move"]),
        (f"/agents/{product.agent_id}", ["More", "Delete"]),
        ("/settings/users", ["Invite"]),
    ):
        signed_in.goto(address)
        for act in acts:
            signed_in.get_by_role("button", name=act).or_(signed_in.get_by_role("menuitem", name=act)).first.click()
        dialog = signed_in.get_by_role("dialog")
        expect(dialog).to_be_visible()
        if acts == ["Invite"]:
            dialog.get_by_label("Role").select_option("client_contact")
            expect(dialog.get_by_label("Customer")).to_be_visible()
        found[f"{address}: {acts}"] = said_in_the_products_words(signed_in)
    assert {where: lines for where, lines in found.items() if lines} == {}


@pytest.mark.parametrize("size", [12, 13, 14])
@pytest.mark.parametrize("tag", ["span", "button"])
def test_a_space_is_as_wide_as_one_is_seen(signed_in: Page, tag: str, size: int) -> None:
    """As wide as in most fonts, a quarter of the letters' height: "34 sec. ago" is three words, on a button, too."""
    assert signed_in.evaluate(SPACE, [tag, size]) >= 0.25
