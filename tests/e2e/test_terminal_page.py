"""A terminal in a real browser: over reloads and closed tabs, its keys, and what is kept of it."""

import os
import re
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Dialog, Locator, Page, expect
from product import Api, Product, alive, until

pytestmark = [pytest.mark.takes(4), pytest.mark.engines("external")]


@pytest.fixture(autouse=True)
def no_session_is_left(api: Api) -> Iterator[None]:
    yield
    for session in api.get("/tunnel/own")["items"]:
        api.post(f"/tunnel/close/{session['session_id']}")


def sign_in(page: Page, product: Product) -> None:
    page.goto("/")
    page.get_by_label("E-mail").fill(product.email)
    page.get_by_label("Password").fill(product.password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Mission Control").wait_for()


def rows_of(page: Page) -> Locator:
    return page.get_by_role("region", name="Terminal").locator(".xterm-rows")


def open_shell(page: Page, product: Product) -> Locator:
    """A new shell at its prompt."""
    page.goto(f"/agents/{product.agent_id}/terminal")
    rows = rows_of(page)
    expect(rows).to_contain_text(re.compile(r"[$#]"))
    page.get_by_role("region", name="Terminal").locator(".xterm").click()
    return rows


def back_at_prompt(text: str) -> re.Pattern[str]:
    """This text, and the prompt behind all that came after it."""
    return re.compile(re.escape(text) + r".*[$#]\s*$", re.DOTALL)


def run(page: Page, line: str) -> None:
    page.keyboard.type(line + "\n")


def asked_while(page: Page, act: str) -> list[str]:
    """The kinds of questions that the browser asks while the page is left; each is answered with yes."""
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    if act == "reload":
        page.reload()
    page.remove_listener("dialog", answer)
    return asked


def own(api: Api) -> list[dict[str, object]]:
    items: list[dict[str, object]] = api.get("/tunnel/own")["items"]
    return items


def test_a_reloaded_page_is_back_in_its_shell(signed_in: Page, product: Product, api: Api) -> None:
    rows = open_shell(signed_in, product)
    run(signed_in, "kept=still; echo before-$((40+2))")
    expect(rows).to_contain_text(back_at_prompt("before-42"))
    (session,) = own(api)
    assert asked_while(signed_in, "reload") == []
    expect(rows).to_contain_text("before-42")
    signed_in.get_by_role("region", name="Terminal").locator(".xterm").click()
    run(signed_in, "echo $kept-here")
    expect(rows).to_contain_text("still-here")
    assert [each["session_id"] for each in own(api)] == [session["session_id"]]


def test_a_page_is_left_with_a_question_while_something_runs(signed_in: Page, product: Product, api: Api) -> None:
    rows = open_shell(signed_in, product)
    run(signed_in, "echo sleep-$((1+1)); sleep 1000")
    expect(rows).to_contain_text("sleep-2")
    assert asked_while(signed_in, "reload") == ["beforeunload"]
    expect(rows).to_contain_text("sleep-2")
    signed_in.get_by_role("region", name="Terminal").locator(".xterm").click()
    signed_in.keyboard.press("Control+c")
    run(signed_in, "echo after-$?")
    expect(rows).to_contain_text(back_at_prompt("after-130"))
    assert asked_while(signed_in, "reload") == []


def test_a_full_screen_program_is_there_again(signed_in: Page, product: Product) -> None:
    rows = open_shell(signed_in, product)
    run(signed_in, "vim -n -u NONE -N /dev/null")
    expect(rows).to_contain_text('"/dev/null"')
    signed_in.keyboard.type("ifirst line")
    expect(rows).to_contain_text("first line")
    assert asked_while(signed_in, "reload") == ["beforeunload"]
    expect(rows).to_contain_text("first line")
    expect(rows).to_contain_text("-- INSERT --")
    signed_in.get_by_role("region", name="Terminal").locator(".xterm").click()
    signed_in.keyboard.type(" goes on")
    expect(rows).to_contain_text("first line goes on")
    signed_in.keyboard.press("Escape")
    signed_in.keyboard.type(":q!\n")
    expect(rows).not_to_contain_text("first line goes on")


def test_a_closed_tab_leaves_its_shell_and_another_page_finds_it(signed_in: Page, product: Product, api: Api) -> None:
    context = signed_in.context
    first = context.new_page()
    rows = open_shell(first, product)
    run(first, "echo the-first-$((1+1))")
    expect(rows).to_contain_text("the-first-2")
    (session,) = own(api)
    first.close()
    until(lambda: own(api)[0]["left_at"], 10)
    second = context.new_page()
    rows = open_shell(second, product)
    expect(rows).not_to_contain_text("the-first-2")
    second.get_by_role("link", name="Go back to it").click()
    expect(rows_of(second)).to_contain_text("the-first-2")
    assert {each["session_id"] for each in own(api)} > {session["session_id"]}
    second.goto("/sessions")
    expect(second.get_by_role("region", name="Your open sessions").get_by_role("listitem")).to_have_count(2)
    second.close()


def test_only_end_ends_a_shell_and_nohup_outlives_it(signed_in: Page, product: Product, api: Api) -> None:
    rows = open_shell(signed_in, product)
    run(signed_in, "nohup sleep 300 >/dev/null 2>&1 & echo nohup-pid $!.")
    expect(rows).to_contain_text(re.compile(r"nohup-pid \d+\."))
    pid = int(re.findall(r"nohup-pid (\d+)\.", rows.inner_text())[-1])
    (session,) = own(api)
    signed_in.get_by_role("button", name="End session").click()
    expect(signed_in.get_by_text("You ended it here.")).to_be_visible()
    until(lambda: api.get(f"/tunnel/status/{session['session_id']}")["status"] == "closed", 10)
    assert own(api) == []
    assert alive(pid)
    api.finished(api.run(product.agent_id, f"kill {pid}"))


def test_a_shell_that_ends_says_so_in_a_sentence(signed_in: Page, product: Product, api: Api) -> None:
    open_shell(signed_in, product)
    (session,) = own(api)
    run(signed_in, "exit 0")
    expect(signed_in.get_by_text("The shell ended. Exit code 0.")).to_be_visible()

    def said() -> bool:
        return any(event["subject_id"] == session["session_id"] for event in api.get("/events", limit=20)["items"])

    until(said, 10)
    signed_in.goto("/activity")
    expect(signed_in.get_by_text(re.compile("ended with exit code 0")).first).to_be_visible()
    signed_in.get_by_text(re.compile("ended with exit code 0")).first.click()
    expect(signed_in.get_by_role("heading", name=re.compile("^Session on "))).to_be_visible()
    expect(signed_in.get_by_text("The shell ended.")).to_be_visible()


def test_characters_that_arrive_in_pieces_are_drawn_whole(signed_in: Page, product: Product) -> None:
    rows = open_shell(signed_in, product)
    run(signed_in, r"printf 'A\342\200'; sleep .6; printf '\224B\n'")
    expect(rows).to_contain_text("A—B")


def test_it_says_when_the_machine_does_not_take_what_is_typed(signed_in: Page, product: Product) -> None:
    rows = open_shell(signed_in, product)
    status = signed_in.get_by_role("status").filter(has_text="Connected")
    expect(status).to_be_visible()
    agent = next(pid for name, pid in product.pids().items() if name == "agent" or name.startswith("agent-"))
    os.kill(agent, signal.SIGSTOP)
    try:
        signed_in.keyboard.type("echo ke''pt")
        expect(signed_in.get_by_text(re.compile(r"No answer for \d+ s\. What you type is kept\."))).to_be_visible()
    finally:
        os.kill(agent, signal.SIGCONT)
    signed_in.keyboard.press("Enter")
    expect(rows).to_contain_text("kept")
    expect(status).to_be_visible()


def test_keys_copy_and_paste_as_people_expect(signed_in: Page, product: Product) -> None:
    signed_in.context.grant_permissions(["clipboard-read", "clipboard-write"])
    rows = open_shell(signed_in, product)
    run(signed_in, "clear; echo to-be-cop''ied")
    copied = rows.get_by_text("to-be-copied", exact=True).first
    box = copied.bounding_box()
    signed_in.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    signed_in.keyboard.press("Control+c")
    until(lambda: "copied" in signed_in.evaluate("navigator.clipboard.readText()"), 5)
    signed_in.evaluate("text => navigator.clipboard.writeText(text)", "echo pas''ted-$((3+4))")
    for paste in ("Control+v", "Control+Shift+V"):
        run(signed_in, "clear")
        expect(rows).not_to_contain_text("pasted-7")
        signed_in.keyboard.press(paste)
        signed_in.keyboard.press("Enter")
        expect(rows).to_contain_text("pasted-7")
    run(signed_in, "echo sle''eps; sleep 1000")
    expect(rows).to_contain_text("sleeps")
    signed_in.keyboard.press("Control+c")
    run(signed_in, "echo stopped-$?")
    expect(rows).to_contain_text("stopped-130")


def test_text_is_found_and_letters_grow(signed_in: Page, product: Product) -> None:
    rows = open_shell(signed_in, product)
    run(signed_in, "clear; for n in 1 2 3; do echo the-need''le-$n; done")
    expect(rows).to_contain_text("the-needle-3")
    signed_in.keyboard.press("Control+Shift+F")
    signed_in.get_by_role("textbox", name="Find in the terminal").fill("THE-NEEDLE")
    status = signed_in.get_by_role("search").get_by_role("status")
    expect(status).to_have_text("1 of 3")
    signed_in.keyboard.press("Enter")
    expect(status).to_have_text("2 of 3")
    signed_in.keyboard.press("Escape")
    before = rows.locator("> div").first.bounding_box()
    signed_in.get_by_role("button", name="Larger letters").click()
    expect(rows.locator("> div").first).to_be_visible()
    until(lambda: rows.locator("> div").first.bounding_box()["height"] > before["height"], 5)
    signed_in.get_by_role("button", name="Smaller letters").click()


def test_a_phone_has_the_keys_that_its_keyboard_lacks(browser: Browser, product: Product, api: Api) -> None:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, base_url=product.url
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    sign_in(page, product)
    rows = open_shell(page, product)
    run(page, "echo from-hist''ory")
    expect(rows).to_contain_text("from-history")
    run(page, "clear")
    expect(rows).not_to_contain_text("from-history")
    keys = page.get_by_role("toolbar", name="Keys")
    keys.get_by_role("button", name="Up").tap()
    keys.get_by_role("button", name="Up").tap()
    page.keyboard.press("Enter")
    expect(rows).to_contain_text("from-history")
    run(page, "echo sle''eps; sleep 1000")
    expect(rows).to_contain_text("sleeps")
    keys.get_by_role("button", name="Control").tap()
    page.keyboard.type("c")
    run(page, "echo stopped-$?")
    expect(rows).to_contain_text("stopped-130")
    page.keyboard.type("ls /usr/loc")
    keys.get_by_role("button", name="Tab").tap()
    expect(rows).to_contain_text("/usr/local")
    context.close()


def test_a_recording_has_a_poster_keys_and_a_way_back(signed_in: Page, product: Product, api: Api) -> None:
    rows = open_shell(signed_in, product)
    run(signed_in, "echo post''er; sleep 3; echo last-wo''rds")
    expect(rows).to_contain_text("last-words")
    (session,) = own(api)
    until(lambda: api.get(f"/tunnel/status/{session['session_id']}")["output_bytes"] > 0, 10)
    signed_in.goto(f"/sessions/{session['session_id']}")
    played = signed_in.get_by_role("region", name="Recording").locator(".xterm-rows")
    expect(played).to_contain_text("last-words")
    signed_in.get_by_role("link", name="Back to the shell").click()
    expect(rows_of(signed_in)).to_contain_text("last-words")
    signed_in.get_by_role("region", name="Terminal").locator(".xterm").click()
    run(signed_in, "exit")
    signed_in.get_by_role("link", name="Play the recording").click()
    expect(played).to_contain_text("last-words")
    signed_in.get_by_role("main").press("Home")
    expect(played).not_to_contain_text("last-words")
    signed_in.get_by_role("main").press("End")
    expect(played).to_contain_text("last-words")
    signed_in.get_by_role("main").press("Space")
    expect(signed_in.get_by_role("button", name="Pause")).to_be_visible()
    expect(signed_in.get_by_role("link", name="Open a terminal")).to_be_visible()


def test_the_audit_says_it_in_sentences(signed_in: Page, product: Product, api: Api) -> None:
    open_shell(signed_in, product)
    run(signed_in, "true")
    (session,) = own(api)
    signed_in.goto(f"/settings/audit?session_id={session['session_id']}")
    audit = signed_in.get_by_role("table", name="Audit")
    expect(audit).to_contain_text(re.compile("Opened a terminal on "))
    expect(audit).to_contain_text(re.compile(r"Machines\s*\d"))
    expect(audit).not_to_contain_text('{"')
    audit.get_by_text(re.compile("Started a terminal on ")).click()
    dialog = signed_in.get_by_role("dialog")
    expect(dialog.get_by_role("heading")).to_contain_text(f"{product.email} started a terminal on ")
    dialog.get_by_text("As JSON").click()
    expect(dialog).to_contain_text('"rights"')
