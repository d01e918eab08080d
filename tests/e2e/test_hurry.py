"""The dashboard for people in a hurry: clicks that bounce, keys before the page is ready, forms closed by mistake."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, Request, expect
from product import Api, Product, until

pytestmark = [pytest.mark.takes(4), pytest.mark.engines("embedded")]

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
BOUNCE = "element => { element.click(); setTimeout(() => element.click(), 20); }"
"""A worn mouse: two clicks 20 ms apart."""


def posts(page: Page, path: str) -> list[Request]:
    """The requests of the page that make something at this path, from now on."""
    seen: list[Request] = []
    whole = f"/api/v1{path}"
    page.on("request", lambda request: seen.append(request) if _makes(request, whole) else None)
    return seen


def _makes(request: Request, path: str) -> bool:
    return request.method == "POST" and urlsplit(request.url).path == path


def open_run_dialog(page: Page, product: Product) -> Locator:
    page.goto(f"/agents/{product.agent_id}")
    page.get_by_role("button", name="Run command").click()
    return page.get_by_role("dialog")


def test_two_clicks_on_run_are_one_command(signed_in: Page, product: Product, api: Api) -> None:
    dialog = open_run_dialog(signed_in, product)
    made = posts(signed_in, "/commands")
    dialog.get_by_role("textbox", name="Script").fill("echo bounced once")
    dialog.get_by_role("button", name="Run", exact=True).evaluate(BOUNCE)
    expect(signed_in.get_by_role("log", name="Output")).to_contain_text("bounced once")
    assert len(made) == 1
    assert UUID.fullmatch(made[0].headers["idempotency-key"])
    assert api.get("/commands", search="bounced once")["total"] == 1


def test_two_clicks_on_invite_are_one_invitation_and_its_link_is_not_lost(signed_in: Page) -> None:
    signed_in.goto("/settings/users")
    made = posts(signed_in, "/users")
    signed_in.get_by_role("button", name="Invite").click()
    dialog = signed_in.get_by_role("dialog")
    dialog.get_by_label("E-mail").fill("once@msp.example")
    dialog.get_by_label("Name").fill("Once")
    dialog.get_by_role("button", name="Invite").evaluate(BOUNCE)
    link = signed_in.get_by_role("dialog", name="Send this link")
    expect(link).to_be_visible()
    assert [bool(UUID.fullmatch(request.headers["idempotency-key"])) for request in made] == [True]
    signed_in.keyboard.press("Escape")
    signed_in.mouse.click(5, 5)
    expect(link).to_be_visible()
    link.get_by_role("button", name="I have it").click()
    expect(link).not_to_be_visible()


def test_two_clicks_on_a_new_code_are_one_code(signed_in: Page, api: Api) -> None:
    site = api.get("/sites", limit=1)["items"][0]["id"]
    before = len(api.get(f"/sites/{site}/codes")["items"])
    signed_in.goto(f"/sites/{site}")
    signed_in.get_by_role("button", name="New code").click()
    signed_in.get_by_role("dialog").get_by_role("button", name="Create").evaluate(BOUNCE)
    expect(signed_in.get_by_text("The code is ready.")).to_be_visible()
    assert len(api.get(f"/sites/{site}/codes")["items"]) == before + 1


def test_a_name_typed_into_the_palette_at_once_leads_to_that_machine(
    signed_in: Page, product: Product, api: Api
) -> None:
    name = api.get(f"/agents/{product.agent_id}")["hostname"]
    signed_in.keyboard.press("Control+k")
    signed_in.keyboard.type(name)
    signed_in.keyboard.press("Enter")
    expect(signed_in).to_have_url(re.compile(f"/agents/{product.agent_id}$"))


def test_keys_before_the_page_is_there_are_kept(signed_in: Page, product: Product, api: Api) -> None:
    name = api.get(f"/agents/{product.agent_id}")["hostname"]
    signed_in.goto("/activity", wait_until="domcontentloaded")
    signed_in.keyboard.press("Control+k")
    signed_in.keyboard.type(name)
    signed_in.keyboard.press("Enter")
    expect(signed_in).to_have_url(re.compile(f"/agents/{product.agent_id}$"))


def test_the_first_row_of_the_palette_is_chosen(signed_in: Page) -> None:
    signed_in.keyboard.press("Control+k")
    rows = signed_in.get_by_role("option")
    expect(rows.first).to_have_attribute("aria-selected", "true")
    signed_in.keyboard.type("settings")
    expect(rows.first).to_have_text(re.compile("Settings"))
    expect(rows.first).to_have_attribute("aria-selected", "true")
    signed_in.keyboard.press("Enter")
    expect(signed_in.get_by_role("heading", name="Settings")).to_be_visible()


def test_what_was_typed_into_forms_survives_esc_a_click_beside_and_a_reload(signed_in: Page, product: Product) -> None:
    script = "echo a long script\necho of two lines"
    dialog = open_run_dialog(signed_in, product)
    dialog.get_by_role("textbox", name="Script").fill(script)
    signed_in.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    signed_in.get_by_role("button", name="Run command").click()
    expect(dialog.get_by_role("textbox", name="Script")).to_have_value(script)
    signed_in.mouse.click(5, 5)
    expect(dialog).not_to_be_visible()
    dialog = open_run_dialog(signed_in, product)  # by an address: the page is loaded anew
    expect(dialog.get_by_role("textbox", name="Script")).to_have_value(script)
    dialog.get_by_role("button", name="Start anew").click()
    expect(dialog.get_by_role("textbox", name="Script")).to_have_value("")
    signed_in.goto("/settings/users")
    signed_in.get_by_role("button", name="Invite").click()
    signed_in.get_by_role("dialog").get_by_label("Name").fill("Half an invitation")
    signed_in.keyboard.press("Escape")
    signed_in.get_by_role("button", name="Invite").click()
    expect(signed_in.get_by_role("dialog").get_by_label("Name")).to_have_value("Half an invitation")


def test_what_is_wrong_is_said_at_its_field(signed_in: Page, product: Product) -> None:
    dialog = open_run_dialog(signed_in, product)
    script = dialog.get_by_role("textbox", name="Script")
    script.fill("uptime")
    limit = dialog.get_by_label("Time limit (s)")
    limit.fill("")
    script.press("Control+Enter")
    expect(dialog.get_by_role("alert")).to_have_text("Say how long it may take: 1 to 86,400 seconds.")
    expect(limit).to_have_attribute("aria-invalid", "true")
    limit.fill("60")
    expect(dialog.get_by_role("alert")).to_have_count(0)
    script.fill("x" * 300_000)
    dialog.get_by_role("button", name="Run", exact=True).click()
    expect(dialog.get_by_role("alert")).to_have_text("This is 293 KiB; at most 128 KiB fit.")
    signed_in.goto("/fleet")
    search = signed_in.get_by_role("combobox", name="Search machines")
    search.fill("x" * 3000)
    expect(signed_in.get_by_role("alert")).to_contain_text("At most 500 characters")
    expect(signed_in.get_by_role("table", name="Machines").get_by_role("row").nth(1)).to_be_visible()


def test_back_from_a_machine_finds_the_fleet_as_it_was(signed_in: Page, api: Api) -> None:
    until(lambda: api.get("/agents")["total"] > 20, 30)
    signed_in.set_viewport_size({"width": 1440, "height": 560})
    signed_in.goto("/fleet")
    table = signed_in.get_by_role("table", name="Machines")
    table.get_by_role("checkbox").nth(1).check()
    table.get_by_role("checkbox").nth(2).check()
    scroller = table.locator("xpath=..")
    scroller.evaluate("element => element.scrollTo(0, 300)")
    expect(table.get_by_role("row").last).to_be_visible()
    at = scroller.evaluate("element => element.scrollTop")
    assert at > 100
    table.get_by_role("link").nth(12).click()
    signed_in.get_by_role("navigation", name="Machine").wait_for()
    signed_in.go_back()
    expect(signed_in.get_by_text("2 machines selected")).to_be_visible()
    expect(table.get_by_role("row").last).to_be_visible()
    assert abs(scroller.evaluate("element => element.scrollTop") - at) < 5


def test_a_stretch_of_the_fleet_is_chosen_with_shift_and_all_of_it_with_its_heading(signed_in: Page, api: Api) -> None:
    until(lambda: api.get("/agents")["total"] > 20, 30)
    total = api.get("/agents")["total"]
    signed_in.goto("/fleet")
    boxes = signed_in.get_by_role("table", name="Machines").get_by_role("checkbox")
    boxes.nth(2).click()
    boxes.nth(7).click(modifiers=["Shift"])
    expect(signed_in.get_by_text("6 machines selected")).to_be_visible()
    boxes.nth(0).click()
    expect(signed_in.get_by_text(f"All {total} machines that match")).to_be_visible()
    boxes.nth(3).click()
    expect(signed_in.get_by_text(f"{total - 1} machines selected")).to_be_visible()


def test_the_fleet_scrolls_sideways_with_its_names_in_sight_and_is_saved_as_csv(signed_in: Page, api: Api) -> None:
    signed_in.goto("/fleet")
    table = signed_in.get_by_role("table", name="Machines")
    name = table.get_by_role("columnheader", name="Machine")
    expect(table.get_by_role("columnheader", name="Problem")).to_be_visible()
    before = name.bounding_box()
    scroller = table.locator("xpath=..")
    assert scroller.evaluate("e => { e.scrollTo(400, 0); return e.scrollLeft; }") > 100
    after = name.bounding_box()
    assert before
    assert after
    assert abs(before["x"] - after["x"]) < 1
    edge = table.get_by_role("separator", name="Width of State")
    edge.focus()
    wide = int(edge.get_attribute("aria-valuenow") or 0)
    edge.press("ArrowRight")
    expect(edge).to_have_attribute("aria-valuenow", str(wide + 16))
    with signed_in.expect_download() as saved:
        signed_in.get_by_role("button", name="Save the list as CSV").click()
    lines = saved.value.path().read_text("utf-8-sig").splitlines()
    assert lines[0].startswith("Machine,State,Problems,")
    assert len(lines) == api.get("/agents")["total"] + 1


def test_a_dialog_opened_by_a_menu_begins_at_its_first_field(signed_in: Page, api: Api) -> None:
    client = api.get("/clients", limit=1)["items"][0]["id"]
    signed_in.goto(f"/clients/{client}")
    signed_in.get_by_role("button", name="More").click()
    signed_in.get_by_role("menuitem", name="Rename").click()
    expect(signed_in.get_by_role("dialog").get_by_label("Name")).to_be_focused()


def test_a_new_site_has_its_command_at_once_and_copying_says_so_only_when_it_did(page: Page, product: Product) -> None:
    # As on a plain http page of another host: there is no clipboard to write to.
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.goto("/clients")
    page.get_by_label("E-mail").fill(product.email)
    page.get_by_label("Password").fill(product.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("table", name="Clients").get_by_role("link").first.click()
    page.get_by_role("button", name="New Site").first.click()
    page.get_by_role("dialog").get_by_label("Name").fill("Harbour office")
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="Harbour office")).to_be_visible()
    expect(page.get_by_text("Waiting for this machine…")).to_be_visible()
    page.get_by_role("button", name="Copy the install command").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Rename").click()
    field = page.get_by_role("dialog").get_by_label("Name")
    field.fill("")
    field.press("Control+v")
    expect(field).to_have_value(re.compile("curl"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_system_decides_the_theme_until_somebody_does(page: Page, product: Product, scheme: str) -> None:
    other = "light" if scheme == "dark" else "dark"
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto("/")
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", scheme)
    page.emulate_media(color_scheme=other)  # type: ignore[arg-type]
    expect(root).to_have_attribute("data-theme", other)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.get_by_label("E-mail").fill(product.email)
    page.get_by_label("Password").fill(product.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Mission Control").wait_for()
    page.goto("/settings")
    page.get_by_label("Theme").select_option(other)
    expect(root).to_have_attribute("data-theme", other)
    page.reload()
    expect(root).to_have_attribute("data-theme", other)


def test_a_run_is_a_triage(signed_in: Page, api: Api) -> None:
    until(lambda: api.get("/agents", status="online")["total"] > 20, 30)
    total = api.get("/agents", status="online")["total"]
    body = {"filter": {"status": "online"}, "shell": "sh", "script": "exit 3", "timeout_s": 60}
    batch = api.post("/commands", body)["items"][0]["batch_id"]
    signed_in.goto(f"/commands/batch/{batch}")
    chips = signed_in.get_by_role("group", name="Results")
    until(lambda: api.get("/commands", batch_id=batch, state="active")["total"] == 0, 60)
    signed_in.reload()
    expect(chips.get_by_role("button", name=f"All {total}")).to_be_visible()
    kinds = api.get("/commands/sums", batch_id=batch)["by_status"]
    failed = kinds.get("failed", 0) + kinds.get("timed_out", 0)
    assert failed >= 1, "the real machine does what the script says"
    chips.get_by_role("button", name=re.compile("failed")).click()
    expect(signed_in).to_have_url(re.compile("show=failed"))
    table = signed_in.get_by_role("table", name="Results by machine")
    expect(table.get_by_text("Failed").first).to_be_visible()
    expect(table.get_by_text("Succeeded")).to_have_count(0)
