"""The installer and the landing page, from their templates. Every value that goes in is escaped for where it goes."""

import html
import re
import shlex
from importlib.resources import files
from string import Template

from gururmm_wire.addresses import plain_beyond_loopback

from gururmm_server.core.tenancy.install_command import install_command
from gururmm_server.entrypoints.install.bundle import ARCHIVE, AgentBundle
from gururmm_server.entrypoints.install.ports import InstallSite

_FILES = files("gururmm_server.entrypoints.install") / "files"
_MARK = re.compile("'@([a-z0-9]+)@'")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


def asset(name: str) -> str:
    """Returns a file of this folder's `files/`."""
    return (_FILES / name).read_text(encoding="utf-8")


def installer(server_url: str, code: str, site: InstallSite, bundle: AgentBundle) -> str:
    """Returns the POSIX shell script that installs the agent."""
    where = _CONTROL.sub(" ", f"{site.partner_name} / {site.client_name} / {site.site_name}")
    return _script(server=server_url, code=code, where=where, sha256=bundle.sha256, version=bundle.version)


def ended_installer(server_url: str, code: str, reason: str) -> str:
    """Returns the script for a code that has ended: it repairs and takes away; `reason` is why it adds none."""
    return _script(server=server_url, code=code, where=server_url, ended=reason)


def _script(**given: str) -> str:
    plain = "yes" if plain_beyond_loopback(given["server"]) else ""
    values = {"archive": ARCHIVE, "ended": "", "sha256": "", "version": "", "plain": plain, **given}
    # One pass, so that a Site whose name looks like one of our marks stays a name.
    return _MARK.sub(lambda mark: shlex.quote(values[mark[1]]), asset("linux.sh"))


def refusal(reason: str) -> str:
    """Returns a script that only says why there is no installer: `curl … | sh` runs it when the code is no good."""
    return f"printf '%s\\n' {shlex.quote(f'gururmm: {reason}')} >&2\nexit 1\n"


def landing_page(server_url: str, code: str, site: InstallSite, user_agent: str) -> str:
    """Returns the page behind a shared link."""
    system = detect_system(user_agent)
    values = {
        "partner": site.partner_name,
        "client": site.client_name,
        "site": site.site_name,
        "command": install_command(server_url, code),
        "uninstall": install_command(server_url, code, "--uninstall"),
        "seen": _SEEN[system],
    }
    return Template(asset("page.html")).substitute({name: html.escape(value) for name, value in values.items()})


def refusal_page(title: str, reason: str) -> str:
    """Returns the page for a code that is no good."""
    return Template(asset("refused.html")).substitute(title=html.escape(title), reason=html.escape(reason))


def detect_system(user_agent: str) -> str:
    """Returns linux, windows, macos, mobile or other, from what the browser says of itself."""
    for system, marks in _MARKS:
        if any(mark in user_agent for mark in marks):
            return system
    return "other"


_MARKS = (
    ("mobile", ("Android", "iPhone", "iPad")),
    ("windows", ("Windows",)),
    ("macos", ("Macintosh", "Mac OS X")),
    ("linux", ("Linux", "X11; CrOS")),
)
_SEEN = {
    "linux": "You seem to be on Linux: run this command on the machine to add it.",
    "windows": "You seem to be on Windows. This server offers the agent for Linux (x86-64): run the command there.",
    "macos": "You seem to be on a Mac. This server offers the agent for Linux (x86-64): run the command there.",
    "mobile": "You seem to be on a phone or tablet: open this page on the machine to add, or run the command there.",
    "other": "Run this command on the Linux machine to add.",
}
