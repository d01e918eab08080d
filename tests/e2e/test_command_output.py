"""What a command said, on its page: in order, in its colours, and as plain text when it is copied."""

import json
import re

import pytest
from playwright.sync_api import Page, expect
from product import Api, Product

pytestmark = pytest.mark.engines("external")

SCRIPT = r"""
echo a; echo b >&2; echo c; echo d >&2
printf '\033[1;32mgreen\033[0m and plain\n'
for i in 10 50 100; do printf '\r%3s %%' $i; done; echo
seq 400000
echo FATAL >&2
kill -9 $$
"""


def test_output_is_shown_as_a_screen_would(signed_in: Page, product: Product, api: Api) -> None:
    command = api.run(product.agent_id, SCRIPT)
    done = api.finished(command)
    assert (done["status"], done["exit_code"]) == ("failed", -9)
    for width in (1440, 390):
        signed_in.set_viewport_size({"width": width, "height": 900})
        signed_in.goto(f"/commands/{command}")
        log = signed_in.get_by_role("log", name="Output")
        expect(log).to_contain_text(re.compile(r"^a\nb\nc\nd\ngreen and plain\n100 %\n1\n2\n"))
        expect(log).to_contain_text(re.compile(r"400000\nFATAL\n$"))
        expect(log).to_contain_text(re.compile(r"[0-9,]+ bytes are left out \(stdout\)"))
        expect(log.get_by_text("green", exact=True)).to_have_css("font-weight", "700")
        expect(log.locator("[title=stderr]")).to_have_text(["b\n", "d\n", "FATAL\n"])
        expect(signed_in.get_by_text("−9 (killed, SIGKILL)")).to_be_visible()
    signed_in.context.grant_permissions(["clipboard-read", "clipboard-write"])
    signed_in.get_by_role("button", name="Copy the output").click()
    copied = signed_in.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("a\nb\nc\nd\ngreen and plain\n100 %\n1\n"), json.dumps(copied[:100])
    assert "\x1b" not in copied
    assert copied.endswith("400000\nFATAL\n")
