"""Installed packages, from whichever package manager the system has."""

from collections.abc import Callable
from typing import Final

from gururmm_agent.adapters.linux.tools import ask_tool
from gururmm_agent.adapters.ports import Items
from gururmm_agent.adapters.unavailable import unavailable


def software_items() -> Items:
    """Package name to {"version", "source"}, sorted; `none` says why when no package manager answers."""
    tried = []
    for source, arguments, parse in _MANAGERS:
        tool = arguments[0]
        tried.append(tool)
        text = ask_tool(*arguments, timeout_s=60)
        if text:
            found = dict(sorted(parse(text)))
            return {name: {"version": version, "source": source} for name, version in found.items()}
    return {"none": unavailable("no package manager answered", *tried)}


def _tabbed(text: str) -> list[tuple[str, str]]:
    """Packages of dpkg and rpm, which print what they are asked for: name, tab, version."""
    pairs = (line.split("\t") for line in text.splitlines())
    return [
        (pair[0], pair[1]) for pair in pairs if len(pair) >= 2 and pair[1] and (len(pair) < 3 or pair[2][1:2] == "i")
    ]


def _apk(text: str) -> list[tuple[str, str]]:
    """Packages of apk, which prints name-version-release."""
    found = []
    for line in text.splitlines():
        parts = line.split()[0].rsplit("-", 2) if line.split() else []
        if len(parts) == 3:
            found.append((parts[0], f"{parts[1]}-{parts[2]}"))
    return found


_MANAGERS: Final[tuple[tuple[str, tuple[str, ...], Callable[[str], list[tuple[str, str]]]], ...]] = (
    (
        "dpkg",
        ("dpkg-query", "-W", "-f", "${binary:Package}\\t${Version}\\t${db:Status-Abbrev}\\n"),
        _tabbed,
    ),
    ("rpm", ("rpm", "-qa", "--qf", "%{NAME}\\t%{VERSION}-%{RELEASE}\\n"), _tabbed),
    ("apk", ("apk", "info", "-v"), _apk),
)
