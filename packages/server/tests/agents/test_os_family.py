"""The one rule from a system's name to its family, whoever wrote the name."""

import pytest
from gururmm_server.core.agents.os_family import os_family
from gururmm_server.core.inventory.facts import facts


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("linux", "linux"),
        ("Linux 6.1.0", "linux"),
        ("Red Hat Enterprise Linux", "linux"),
        ("Windows", "windows"),
        ("Microsoft Windows 11 Pro", "windows"),
        ("darwin", "macos"),
        ("macOS 15", "macos"),
        ("FreeBSD", "other"),
        ("", "other"),
    ],
)
def test_a_systems_name_means_a_family(name: str, family: str) -> None:
    assert os_family(name) == family


@pytest.mark.parametrize(
    ("system", "family"),
    [
        ({"id": "debian", "name": "Debian GNU/Linux"}, "linux"),
        ({"id": "alpine", "name": "Alpine", "kernel": "6.1"}, "linux"),
        ({"id": "windows", "name": "Windows 11"}, "windows"),
        ({"name": "Darwin", "kernel": "24.0"}, "macos"),
        ({"name": "Plan 9"}, None),
    ],
)
def test_inventory_goes_by_the_same_rule(system: dict[str, str], family: str | None) -> None:
    assert facts("system", {"os": system}).os_family == family
