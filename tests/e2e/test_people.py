"""The dashboard as people of each role have it: what a Client contact reads, and what becomes of who may no longer."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from axe import violations
from playwright.sync_api import Browser, Page, expect
from product import Api, Product

pytestmark = [pytest.mark.takes(4), pytest.mark.engines("embedded")]

PASSWORD = "a harbour full of lanterns"
NUMBERS = count(1)


@dataclass
class Person:
    """Somebody who was invited and came."""

    user_id: str
    name: str
    email: str
    api: Api


@contextmanager
def somebody(product: Product, api: Api, role: str, **more: Any) -> Iterator[Person]:
    """Who was invited, chose a password, and is signed in at the API."""
    number = next(NUMBERS)
    name, email = f"Person {number}", f"person-{number}@northwind.example"
    made = api.post("/users", {"email": email, "name": name, "role": role, **more})
    api.post(f"/auth/invitation/{made['invitation_url'].rpartition('/')[2]}", {"password": PASSWORD, "name": name})
    person = Person(made["id"], name, email, Api(product.url, email, PASSWORD).sign_in())
    yield person
    person.api.close()


@pytest.fixture
def contact(product: Product, api: Api) -> Iterator[Person]:
    """A contact of the Client that has this machine."""
    client = api.get(f"/agents/{product.agent_id}")["client_id"]
    with somebody(product, api, "client_contact", client_id=client) as person:
        yield person


@pytest.fixture
def tech(product: Product, api: Api) -> Iterator[Person]:
    with somebody(product, api, "partner_tech") as person:
        yield person


def sign_in(page: Page, person: Person) -> None:
    page.goto("/")
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("width", [1440, 390])
def test_a_contact_reads_how_their_computers_are(
    page: Page, product: Product, api: Api, contact: Person, *, scheme: Any, width: int
) -> None:
    api.finished(api.run(product.agent_id, "true"))
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    sign_in(page, contact)
    seen = contact.api.get("/overview")
    online, total, jobs = seen["agents"]["online"], seen["agents"]["total"], seen["jobs_this_month"]
    assert jobs >= 1
    headline = page.get_by_role("heading", level=1)
    expect(headline).to_have_text(re.compile(rf"^(All )?\d+ (of {total} )?computers (are )?online\.$"))
    if online < total:
        expect(headline).to_contain_text(f"{online} of {total} computers online.")
    expect(page.get_by_text(re.compile(rf"Northwind IT did {jobs} jobs? this month\."))).to_be_visible()
    computers = page.get_by_role("list", name="Computers").get_by_role("listitem")
    expect(computers).to_have_count(total)
    words = re.compile(
        r"Fine|Off, last seen|Its disk is nearly full|It is short of memory|Not seen for days|Needs a look"
    )
    assert [text for text in computers.all_inner_texts() if not words.search(text)] == []
    assert page.get_by_role("table").count() == 0
    for act in ("Terminal", "Run", "Snooze"):
        assert page.get_by_role("button", name=re.compile(act)).count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    name = contact.api.get(f"/agents/{product.agent_id}")["hostname"]
    page.keyboard.press("/")
    page.keyboard.type(name)
    expect(computers).to_have_count(contact.api.get("/agents", search=name)["total"])
    expect(page).to_have_url(re.compile("search="))
    page.get_by_role("button", name="Clear the search").click()
    expect(computers).to_have_count(total)


def test_a_contact_has_no_console_with_holes(browser: Browser, product: Product, contact: Person) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=product.url, bypass_csp=True)
    page = context.new_page()
    page.set_default_timeout(15_000)
    sign_in(page, contact)
    computers = page.get_by_role("list", name="Computers")
    expect(computers).to_be_visible()
    assert violations(page) == []
    sections = page.get_by_role("navigation", name="Main").get_by_role("link")
    expect(sections).to_have_text(["Your computers", "Settings"])
    name = contact.api.get(f"/agents/{product.agent_id}")["hostname"]
    computers.locator(f'a[href="/agents/{product.agent_id}"]').click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)
    for act in ("Terminal", "Run command", "More"):
        assert page.get_by_role("button", name=act).count() == 0, act
    tabs = page.get_by_role("navigation", name="Machine").get_by_role("link")
    assert {"Terminal", "Processes", "Commands", "Sessions"} & set(tabs.all_inner_texts()) == set()
    assert violations(page) == []
    context.close()


def test_a_change_of_role_says_before_that_it_ends_sign_ins(
    signed_in: Page, browser: Browser, product: Product, tech: Person
) -> None:
    context = browser.new_context(base_url=product.url)
    theirs = context.new_page()
    theirs.set_default_timeout(15_000)
    sign_in(theirs, tech)
    expect(theirs.get_by_role("heading", name="Mission Control")).to_be_visible()
    signed_in.goto("/settings/users")
    signed_in.get_by_role("button", name=f"Acts for {tech.name}").click()
    signed_in.get_by_role("menuitem", name="Change name or role").click()
    dialog = signed_in.get_by_role("dialog")
    warning = dialog.get_by_text(f"Saving this ends all sign-ins of {tech.name} at once")
    role = dialog.get_by_label("Role")
    expect(role).to_be_visible()
    expect(warning).to_have_count(0)
    role.select_option("partner_admin")
    expect(warning).to_be_visible()
    role.select_option("partner_tech")
    expect(warning).to_have_count(0)
    role.select_option("partner_admin")
    dialog.get_by_role("button", name="Save").click()
    expect(theirs.get_by_role("heading", name="Sign in")).to_be_visible()
    context.close()


def test_who_was_stopped_is_told_so_and_only_with_the_right_password(page: Page, api: Api, tech: Person) -> None:
    assert api.call("PATCH", f"/users/{tech.user_id}", json={"disabled": True}).is_success
    sign_in(page, tech)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("You may not sign in here now: an admin has stopped it")
    expect(alert).not_to_contain_text("belongs to no")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(alert).not_to_contain_text("an admin has stopped it")
