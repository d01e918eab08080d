"""axe on a page as it stands: what a machine that reads it would stumble over."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

_AXE = Path(__file__).parents[2] / "dashboard" / "node_modules" / "axe-core" / "axe.min.js"
_FOUND = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations.map(
  ({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 200)).slice(0, 3)])"""
_SETTLED = (
    "document.querySelector('.skeleton, [aria-label^=Loading]') === null && document.getAnimations().length === 0"
)


def violations(page: Page) -> Any:
    """Wait until the page stands still, and return what axe finds: rules, each with the elements that break it."""
    page.wait_for_function(_SETTLED)
    page.evaluate(_AXE.read_text())
    return page.evaluate(_FOUND)
