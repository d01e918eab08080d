"""The fleet's query: completed while it is typed, refused at its place, kept as a view, and given to a run."""

import pytest
from playwright.sync_api import Locator, Page, expect
from product import Api, Product, until

pytestmark = pytest.mark.takes(3)


def search(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Search machines")


def test_a_query_is_completed_while_it_is_typed(signed_in: Page, api: Api) -> None:
    until(lambda: api.get("/agents")["total"] > 20, 30)
    signed_in.goto("/fleet")
    search(signed_in).press_sequentially("onl")
    offered = signed_in.get_by_role("listbox", name="What may stand here")
    expect(offered.get_by_role("option")).to_have_text(["online:Whether it is connected now."])
    search(signed_in).press("Tab")
    expect(search(signed_in)).to_have_value("online:")
    expect(offered.get_by_role("option")).to_have_text(["online:true", "online:false"])
    search(signed_in).press("ArrowDown")
    search(signed_in).press("Enter")
    expect(search(signed_in)).to_have_value("online:true ")
    expect(offered).to_have_count(0)
    search(signed_in).press_sequentially("os:linux")
    meant = api.get("/agents", q="online:true os:linux")["total"]
    assert 0 < meant < api.get("/agents")["total"]
    expect(signed_in.get_by_text(f"{meant} machines match")).to_be_visible()


def test_what_is_wrong_is_said_and_the_list_stays(signed_in: Page, api: Api) -> None:
    until(lambda: api.get("/agents")["total"] > 20, 30)
    signed_in.goto("/fleet")
    rows = signed_in.get_by_role("table", name="Machines").get_by_role("row")
    expect(rows.nth(1)).to_be_visible()
    search(signed_in).fill("raam:8gb")
    expect(signed_in.get_by_role("alert")).to_have_text("There is no field “raam”: did you mean ram?")
    expect(search(signed_in)).to_have_attribute("aria-invalid", "true")
    expect(signed_in.locator(".decoration-wavy")).to_have_text("raam")
    expect(rows.nth(1)).to_be_visible()
    search(signed_in).fill("ram:>1mb")
    expect(signed_in.get_by_role("alert")).to_have_count(0)
    expect(search(signed_in)).not_to_have_attribute("aria-invalid", "true")


def test_the_help_has_every_field_and_its_examples_can_be_taken(signed_in: Page, api: Api) -> None:
    signed_in.goto("/fleet")
    signed_in.get_by_role("button", name="How to search").click()
    help_page = signed_in.get_by_role("dialog")
    for field in api.get("/search/fields")["items"]:
        expect(help_page.get_by_role("rowheader", name=field["name"], exact=True)).to_be_visible()
    help_page.get_by_role("button", name="disk:>90%", exact=True).click()
    expect(search(signed_in)).to_have_value("disk:>90%")


def test_a_search_is_kept_as_a_view_with_its_columns(signed_in: Page, api: Api) -> None:
    signed_in.goto("/fleet?status=online&search=os:linux&sort=-cpu")
    signed_in.get_by_role("button", name="Columns").click()
    signed_in.get_by_role("menuitemcheckbox", name="User").click()
    signed_in.keyboard.press("Escape")
    expect(signed_in.get_by_role("columnheader", name="User")).to_have_count(0)
    signed_in.get_by_role("button", name="Views").click()
    signed_in.get_by_role("menuitem", name="Save this as a view…").click()
    signed_in.get_by_role("dialog").get_by_label("Name").fill("Busy Linux")
    signed_in.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(signed_in.get_by_text("The view is saved.")).to_be_visible()
    (view,) = api.get("/views")["items"]
    assert (view["query"], view["sort"], view["shared"]) == ("os:linux online:true", "-cpu", False)
    assert "user" not in view["columns"]
    signed_in.goto("/fleet")
    signed_in.get_by_role("button", name="Columns").click()
    signed_in.get_by_role("menuitem", name="As they were at first").click()
    expect(signed_in.get_by_role("columnheader", name="User")).to_be_visible()
    signed_in.get_by_role("button", name="Views").click()
    signed_in.get_by_role("menuitem", name="Busy Linux").click()
    expect(search(signed_in)).to_have_value("os:linux online:true")
    expect(signed_in.get_by_role("columnheader", name="User")).to_have_count(0)
    signed_in.get_by_role("button", name="Views").click()
    signed_in.get_by_role("menuitem", name="Delete “Busy Linux”…").click()
    signed_in.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(signed_in.get_by_text("The view is deleted.")).to_be_visible()
    assert api.get("/views")["items"] == []


def test_the_palette_takes_a_query(signed_in: Page, api: Api) -> None:
    until(lambda: api.get("/agents", q="os:windows")["total"] > 0, 30)
    total = api.get("/agents", q="os:windows")["total"]
    signed_in.goto("/")
    signed_in.keyboard.press("Control+k")
    signed_in.get_by_role("dialog").get_by_role("combobox").fill("os:windows")
    expect(signed_in.get_by_text(f"Machines ({total})")).to_be_visible()


def test_machines_are_tagged_and_found_by_it(signed_in: Page, product: Product, api: Api) -> None:
    signed_in.goto(f"/agents/{product.agent_id}")
    signed_in.get_by_role("button", name="Tags").click()
    dialog = signed_in.get_by_role("dialog")
    dialog.get_by_label("Add tags").fill("VIP front-desk")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(dialog.get_by_role("list", name="Tags").get_by_role("listitem")).to_have_text(["front-desk", "vip"])
    assert [item["id"] for item in api.get("/agents", q="tag:vip tag:front-desk")["items"]] == [product.agent_id]
    dialog.get_by_role("button", name="Take off vip").click()
    expect(dialog.get_by_role("list", name="Tags").get_by_role("listitem")).to_have_text(["front-desk"])
    assert api.get("/agents", q="tag:vip")["total"] == 0
