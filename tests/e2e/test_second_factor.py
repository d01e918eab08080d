"""Signing in with more than a password, in a real browser: an app's codes, passkeys, and proving again that it is you.

Browsers make passkeys only for a name, so this product is called `localhost`; the device is Chromium's virtual one.
"""

import asyncio
import base64
import re
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import time
from uuid import uuid4

import asyncpg
import httpx
import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from external import free_port
from playwright.sync_api import Browser, Page, expect
from product import Api, Product, start_demo, stop

pytestmark = [pytest.mark.takes(20), pytest.mark.xdist_group("e2e second factor")]

PASSWORD = "a quiet river 7 miles long"
SECRETS = {PASSWORD}
"""All that these tests typed and were shown that nobody else may know."""
ARTIFACTS = Path(__file__).parent / ".artifacts"


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with tempfile.TemporaryDirectory(prefix="gururmm-e2e-", ignore_cleanup_errors=True) as home:
        arguments = ("--host", "localhost", "--port", str(free_port()), "--machines", "0")
        running = start_demo(Path(home), *arguments)
        assert running.url.startswith("http://localhost:")
        yield running
        stop(running)


@dataclass
class Person:
    """Somebody with a password here, and the key of their app once they have one."""

    email: str
    secret: str = ""
    used: int = 0
    """How many of the app's codes they typed."""

    def code(self) -> str:
        """A code that was not typed yet. An app shows a new one each half-minute: the next one is good already."""
        self.used += 1
        shown = TOTP(base64.b32decode(self.secret), 6, SHA1(), 30)
        return shown.generate(int(time()) + 30 * (self.used - 1)).decode()


@pytest.fixture
def person(api: Api, product: Product) -> Person:
    """A Partner admin who has just accepted."""
    email = f"{uuid4().hex[:12]}@e2e.example"
    link = api.post("/users", {"email": email, "name": "Ada", "role": "partner_admin"})["invitation_url"]
    token = link.rpartition("/")[2]
    accepted = httpx.post(f"{product.url}/api/v1/auth/invitation/{token}", json={"password": PASSWORD}, timeout=30)
    assert accepted.status_code == 200, accepted.text
    return Person(email)


@pytest.fixture
def page(browser: Browser, product: Product, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, base_url=product.url)
    fresh = context.new_page()
    fresh.set_default_timeout(15_000)
    yield fresh
    ARTIFACTS.mkdir(exist_ok=True)
    fresh.screenshot(path=ARTIFACTS / f"{request.node.name}.png")
    context.close()


def photograph(page: Page, name: str) -> None:
    """Keeps a picture at both widths."""
    ARTIFACTS.mkdir(exist_ok=True)
    for width, height in ((1440, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=ARTIFACTS / f"second-factor-{name}-{width}.png")
    page.set_viewport_size({"width": 1440, "height": 900})


def give_password(page: Page, person: Person) -> None:
    page.goto("/sign-in")
    page.get_by_label("E-mail").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def inside(page: Page) -> None:
    page.get_by_role("heading", name="Mission Control").wait_for()


def sign_out(page: Page) -> None:
    page.get_by_title("Account").first.click()
    page.get_by_role("menuitem", name="Sign out").click()
    page.get_by_role("heading", name="Sign in").wait_for()


def set_up_app(page: Page, person: Person) -> list[str]:
    """Sets an app up on the page that shows one's factors. Returns the recovery codes."""
    page.get_by_role("button", name="Set up").click()
    dialog = page.get_by_role("dialog", name="Set up an authenticator app")
    expect(dialog.get_by_role("img", name="QR code for your authenticator app")).to_be_visible()
    person.secret = dialog.locator("code").inner_text()
    SECRETS.add(person.secret)
    photograph(page, "app")
    dialog.get_by_role("textbox", name="Code").fill(person.code())
    dialog.get_by_role("button", name="Turn it on").click()
    return take_codes(page)


def take_codes(page: Page) -> list[str]:
    dialog = page.get_by_role("dialog", name="Keep these recovery codes")
    shown = dialog.get_by_role("list", name="Recovery codes").get_by_role("listitem")
    expect(shown).to_have_count(10)
    codes = shown.all_inner_texts()
    SECRETS.update(codes)
    # Neither Esc nor a click beside it takes away what is shown once.
    page.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    photograph(page, "recovery-codes")
    dialog.get_by_role("button", name="I have them").click()
    expect(dialog).to_be_hidden()
    return codes


def let_time_pass(product: Product) -> None:
    """As if everybody had signed in more than ten minutes ago."""

    async def age() -> None:
        api = await asyncpg.connect(product.database_url)
        async with api.transaction():
            await api.execute("set local role gururmm_identity")
            await api.execute("update core.user_sessions set proved_at = now() - interval '11 minutes'")
        await api.close()

    # The browser holds this thread's event loop.
    with ThreadPoolExecutor(1) as beside:
        beside.submit(asyncio.run, age()).result()


def test_an_app_is_set_up_asked_for_and_replaced_by_a_recovery_code(page: Page, person: Person) -> None:
    give_password(page, person)
    inside(page)
    page.goto("/settings")
    codes = set_up_app(page, person)
    expect(page.get_by_text("10 codes left", exact=False)).to_be_visible()
    photograph(page, "account")
    sign_out(page)
    give_password(page, person)
    page.get_by_role("heading", name="Your second factor").wait_for()
    page.get_by_role("textbox", name="Code").fill("000 000")
    page.get_by_role("button", name="Go on").click()
    expect(page.get_by_role("alert")).to_contain_text("not right")
    photograph(page, "second-step")
    page.get_by_role("textbox", name="Code").fill(person.code())
    page.get_by_role("button", name="Go on").click()
    inside(page)
    sign_out(page)
    give_password(page, person)
    page.get_by_role("textbox", name="Code").fill(codes[0].lower())
    page.keyboard.press("Enter")
    inside(page)
    page.goto("/settings")
    expect(page.get_by_text("9 codes left", exact=False)).to_be_visible()


def test_a_dangerous_act_asks_once_and_then_goes_on_by_itself(
    page: Page, person: Person, product: Product, api: Api
) -> None:
    give_password(page, person)
    inside(page)
    page.goto("/settings")
    codes = set_up_app(page, person)
    let_time_pass(product)
    page.goto("/settings/users")  # a new page has a new token, which says so
    newcomer = f"{uuid4().hex[:12]}@e2e.example"
    page.get_by_role("button", name="Invite").click()
    dialog = page.get_by_role("dialog", name="Invite somebody")
    dialog.get_by_label("E-mail").fill(newcomer)
    dialog.get_by_label("Name").fill("Bea")
    dialog.get_by_role("button", name="Invite").click()
    question = page.get_by_role("dialog", name="Is it you?")
    question.get_by_role("textbox", name="Code").fill("000000")
    question.get_by_role("button", name="It is me").click()
    expect(question.get_by_role("alert")).to_contain_text("not right")
    photograph(page, "step-up")
    question.get_by_role("textbox", name="Code").fill(codes[1])
    question.get_by_role("button", name="It is me").click()
    expect(page.get_by_role("dialog", name="Send this link")).to_be_visible()
    page.get_by_role("button", name="I have it").click()
    assert [user["email"] for user in api.get("/users", search=newcomer)["items"]] == [newcomer]
    # Who thinks better of it has done nothing, and can go on elsewhere.
    let_time_pass(product)
    page.reload()
    page.get_by_role("button", name=re.compile("^Acts for Bea")).click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    question.get_by_role("button", name="Don't").click()
    expect(page.get_by_text("The user was not deleted.")).to_be_visible()
    assert len(api.get("/users", search=newcomer)["items"]) == 1


def test_a_passkey_signs_in_alone_and_after_a_password(page: Page, person: Person) -> None:
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    authenticator = device.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]
    give_password(page, person)
    inside(page)
    page.goto("/settings")
    page.get_by_role("button", name="Add", exact=True).click()
    dialog = page.get_by_role("dialog", name="Add a passkey")
    dialog.get_by_label("Name").fill("My laptop")
    dialog.get_by_role("button", name="Go on").click()
    take_codes(page)
    expect(page.get_by_text("My laptop")).to_be_visible()
    photograph(page, "passkey")
    kept = device.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})["credentials"]
    assert [(each["rpId"], each["isResidentCredential"]) for each in kept] == [("localhost", True)]
    sign_out(page)
    photograph(page, "sign-in")
    page.get_by_role("button", name="Use a passkey").click()
    inside(page)
    sign_out(page)
    give_password(page, person)
    page.get_by_role("heading", name="Your second factor").wait_for()
    photograph(page, "second-step-passkey")
    page.get_by_role("button", name="Use a passkey").click()
    inside(page)
    page.goto("/settings")
    expect(page.get_by_text("last used", exact=False).first).to_be_visible()
    # A device whose holder is not recognized gives nothing.
    sign_out(page)
    device.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": False})
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("No passkey was given")
    device.send("WebAuthn.setUserVerified", {"authenticatorId": authenticator, "isUserVerified": True})
    page.get_by_role("button", name="Use a passkey").click()
    inside(page)
    # Taken away, it opens nothing.
    page.goto("/settings")
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("opens nothing any more", exact=False)).to_be_visible()
    sign_out(page)
    page.get_by_role("button", name="Use a passkey").click()
    expect(page.get_by_role("alert")).to_contain_text("not known here")
    give_password(page, person)
    inside(page)


def test_a_passkey_proves_again_that_it_is_you(page: Page, person: Person, product: Product) -> None:
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    give_password(page, person)
    inside(page)
    page.goto("/settings")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_label("Name").fill("My laptop")
    page.get_by_role("button", name="Go on").click()
    take_codes(page)
    let_time_pass(product)
    page.goto("/settings/audit")
    question = page.get_by_role("dialog", name="Is it you?")
    question.get_by_role("button", name="Use a passkey").click()
    expect(question).to_be_hidden()
    expect(page.get_by_text("step_up.done").or_(page.get_by_text("Proved", exact=False)).first).to_be_visible()


def test_who_has_to_set_a_factor_up_can_do_nothing_else(page: Page, person: Person, api: Api) -> None:
    answer = api.call("PATCH", "/sign-in-rules", json={"second_factor": True})
    assert answer.status_code == 200, answer.text
    try:
        give_password(page, person)
        page.get_by_role("heading", name="Set up a second factor").wait_for()
        page.goto("/fleet")
        page.get_by_role("heading", name="Set up a second factor").wait_for()
        expect(page.get_by_role("button", name="Go on")).to_be_disabled()
        photograph(page, "needed")
        set_up_app(page, person)
        page.get_by_role("button", name="Go on").click()
        inside(page)
        page.goto("/settings/sign-in")
        expect(page.get_by_text("needs one", exact=False)).to_be_visible()
        photograph(page, "rules")
    finally:
        assert api.call("PATCH", "/sign-in-rules", json={"second_factor": False}).status_code == 200


def test_the_meter_says_what_the_server_will_decide(page: Page, person: Person) -> None:
    give_password(page, person)
    inside(page)
    page.goto("/settings")
    page.get_by_role("button", name="Change password").click()
    chosen = page.get_by_label("New password")
    chosen.fill("short")
    expect(page.get_by_text("7 to go", exact=False)).to_be_visible()
    chosen.fill("Password2026!!")
    expect(page.get_by_text("Still too easy", exact=False)).to_be_visible()
    expect(page.get_by_role("meter", name="Strength")).to_be_visible()
    photograph(page, "meter")
    chosen.fill("nine blue whales sing")
    expect(page.get_by_text("Strong.", exact=False)).to_be_visible()


def test_no_log_has_any_of_it(product: Product) -> None:
    """After the tests above: neither a password nor a key, code or token of theirs is in a log."""
    logs = {path.name: path.read_text(errors="replace") for path in (product.data / "data" / "log").glob("*.log")}
    assert logs
    assert "second factor refused" in "".join(logs.values()), "the tests above were logged"
    said = {secret for secret in SECRETS for log in logs.values() if secret in log or secret.replace("-", "") in log}
    assert said == set()
    assert not [name for name, log in logs.items() if re.search(r"eyJ[\w-]+\.eyJ[\w-]+\.", log)]
