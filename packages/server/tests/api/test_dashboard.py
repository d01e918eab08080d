"""The dashboard names permissions and events in words of its own language: each is one that the server has."""

import re
from pathlib import Path

from gururmm_server.bootstrap.components import COMPONENTS

from packages.server.tests.world import PERMISSIONS

FEATURES = Path(__file__).parents[4] / "dashboard" / "src" / "features"


def _contributed(pattern: str) -> set[str]:
    """Everything that a pattern finds in what the dashboard's features contribute."""
    texts = [path.read_text() for path in FEATURES.glob("*/feature.ts")]
    return {found for text in texts for found in re.findall(pattern, text, re.DOTALL)}


def test_every_permission_that_the_dashboard_asks_for_is_declared() -> None:
    lists = _contributed(r"permissions: \[(.*?)\]")
    asked = {name for names in lists for name in re.findall(r'"([^"]+)"', names)}
    assert "commands.run" in asked
    assert asked <= {permission.name for permission in PERMISSIONS.all()}


def test_every_event_that_the_dashboard_shows_is_in_the_catalogue() -> None:
    shown = _contributed(r'"([a-z]+\.[a-z_]+)": "')
    assert "agent.enrolled" in shown
    assert shown <= {event.name for component in COMPONENTS for event in component.events}
