"""What the installer put on this machine, to be taken away by the agent itself when its machine was removed.

Where systemd runs the agent, its unit goes first: then nothing starts it again, whatever happens after.
"""

import logging
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

_log = logging.getLogger(__name__)

UNIT: Final = Path("/etc/systemd/system/gururmm-agent.service")
_STARTS: Final = "ExecStart="
_LIMIT_S: Final = 20.0


def take_away(state: Path, program: Path | None = None, unit: Path = UNIT) -> None:
    """Remove the unit that starts this agent, its state with the key, and the folder it was installed in.

    `program` is the running one. A program that no installer put there, as a developer's, stays.
    """
    program = Path(sys.executable) if program is None else program
    base = installed_in(program)
    if base is not None:
        _disable(unit, base)
    _remove(state)
    if base is not None:
        _remove(base)


def installed_in(program: Path) -> Path | None:
    """The folder of the installer that holds this program as `versions/<version>/gururmm-agent`; None for another."""
    folder = program.resolve().parent.parent
    return folder.parent if program.name == "gururmm-agent" and folder.name == "versions" else None


def _disable(unit: Path, base: Path) -> None:
    try:
        lines = unit.read_text("utf-8", "replace").splitlines()
    except OSError:
        return
    started = next((line.removeprefix(_STARTS).partition(" ")[0] for line in lines if line.startswith(_STARTS)), "")
    if installed_in(Path(started)) != base:  # both are resolved: a folder above may be a link
        return
    _run("systemctl", "disable", "--quiet", unit.name)
    try:
        unit.unlink()
    except OSError as error:
        _log.error("%s could not be taken away: %s", unit, error)
    _run("systemctl", "daemon-reload")


def _run(*command: str) -> None:
    from gururmm_agent.adapters.environment import child_environment

    try:
        subprocess.run(command, env=child_environment(), timeout=_LIMIT_S, check=False, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError) as error:
        _log.error("%s did not work: %s", " ".join(command), error)


def _remove(folder: Path) -> None:
    """Take a folder away. Under another name first: what a thread still wants to keep finds no place any more."""
    aside = folder.with_name(f".{folder.name}.removed")
    try:
        folder.rename(aside)
    except FileNotFoundError:
        return
    except OSError:
        aside = folder  # a file system of its own, perhaps
    try:
        shutil.rmtree(aside)
    except OSError as error:
        _log.error("%s could not be taken away: %s", aside, error)
