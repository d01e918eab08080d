"""The environment that a login of the agent's user finds."""

import contextlib
import os
import pwd
import signal
import subprocess
import time
from pathlib import Path
from typing import Final

from gururmm_agent.adapters.environment import child_environment

_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PLACES: Final = (
    *("/etc/environment", "/etc/default/locale", "/etc/locale.conf", "/etc/login.defs", "/etc/profile"),
    *("/etc/bash.bashrc", "/etc/bashrc", "/etc/passwd"),
)
_OWN_PLACES: Final = (".profile", ".bash_profile", ".bash_login", ".bashrc", ".zprofile", ".zshenv")
_ASKED_S: Final = 600.0
_ANSWER_S: Final = 5.0
_MARK: Final = "gururmm-environment"
_OF_THE_ASKING: Final = frozenset({"_", "SHLVL", "PWD", "OLDPWD"})


class Logins:
    """Asks a login shell, and again when what it reads has changed, or after ten minutes."""

    def __init__(self) -> None:
        self._home = ""
        self._known: dict[str, str] = {}
        self._read: tuple[object, ...] = ()
        self._asked_at = -_ASKED_S
        self._is_near = False

    def environment(self) -> dict[str, str]:
        """Returns a copy. Where the profile fails or takes too long it is what the login itself would set."""
        if not self._is_fresh():
            base = _base()
            read = _state_of_places(base["HOME"])
            try:
                known = _ask(base) or base
            except OSError:
                known = base
            self._home, self._known = base["HOME"], known
            self._is_near = all(map(_is_near, (self._home, *known.get("PATH", "").split(":"))))
            self._read, self._asked_at = read, time.monotonic()
        return dict(self._known)

    def known(self) -> dict[str, str] | None:
        """The same, if nobody has to be asked, and all that is looked at for a command is on disks of this machine."""
        return dict(self._known) if self._is_near and self._is_fresh() else None

    def _is_fresh(self) -> bool:
        return time.monotonic() - self._asked_at < _ASKED_S and _state_of_places(self._home) == self._read


def _base() -> dict[str, str]:
    """What login(1) and its PAM modules set before the shell starts."""
    user = _user()
    environment = {"PATH": _login_path(user.pw_uid), "LANG": "C.UTF-8"}
    for path in ("/etc/environment", "/etc/default/locale", "/etc/locale.conf"):
        environment |= _assignments(path)
    who = {"USER": user.pw_name, "LOGNAME": user.pw_name, "HOME": user.pw_dir, "SHELL": user.pw_shell or "/bin/sh"}
    return environment | who


def _ask(base: dict[str, str]) -> dict[str, str] | None:
    """What is there after the shell has read its profiles; what those print comes before the mark."""
    shell = base["SHELL"] if _is_bourne(base["SHELL"]) else "/bin/sh"
    process = subprocess.Popen(
        [shell, "-l", "-c", f"echo; echo {_MARK}; exec env -0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
        env=base,
    )
    try:
        output, _ = process.communicate(timeout=_ANSWER_S)
    except subprocess.TimeoutExpired as error:
        os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=1)
        output = error.output or b""  # all of it, where something that the profile started holds the pipe
    _, found, block = output.partition(f"\n{_MARK}\n".encode())
    if not found or not block.endswith(b"\0"):
        return None
    pairs = (entry.partition(b"=") for entry in block.split(b"\0") if b"=" in entry)
    said = {os.fsdecode(name): os.fsdecode(value) for name, _, value in pairs}
    return base | {name: value for name, value in said.items() if name not in _OF_THE_ASKING}


def _user() -> pwd.struct_passwd:
    uid = os.getuid()
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        home = child_environment()["HOME"]
        return pwd.struct_passwd((str(uid), "x", uid, os.getgid(), "", home, "/bin/sh"))


def _is_bourne(program: str) -> bool:
    return os.path.basename(program) in ("sh", "bash", "dash", "ksh", "zsh", "ash") and os.access(program, os.X_OK)  # noqa: PTH119


def _login_path(uid: int) -> str:
    """As /etc/login.defs has it."""
    name = "ENV_SUPATH" if uid == 0 else "ENV_PATH"
    try:
        lines = Path("/etc/login.defs").read_text("utf-8", "replace").splitlines()
    except OSError:
        return _PATH
    found = [
        line.split(maxsplit=1)[1].strip() for line in lines if line.split()[:1] == [name] and len(line.split()) > 1
    ]
    return found[-1].removeprefix("PATH=") if found else _PATH


def _assignments(path: str) -> dict[str, str]:
    try:
        lines = Path(path).read_text("utf-8", "replace").splitlines()
    except OSError:
        return {}
    pairs = (line.strip().removeprefix("export ").partition("=") for line in lines if not line.strip().startswith("#"))
    return {
        name.strip(): value.strip().strip("\"'") for name, sign, value in pairs if sign and name.strip().isidentifier()
    }


def _state_of_places(home: str) -> tuple[object, ...]:
    try:
        parts = sorted(f"/etc/profile.d/{name}" for name in os.listdir("/etc/profile.d"))  # noqa: PTH208 - at every command
    except OSError:
        parts = []
    return tuple(map(_state, (*_PLACES, *parts, *(f"{home}/{name}" for name in _OWN_PLACES))))


def _state(path: str) -> object:
    try:
        found = os.stat(path)  # noqa: PTH116 - of a dozen files at every command
    except OSError:
        return None
    return path, found.st_ino, found.st_size, found.st_mtime_ns


def _is_near(path: str) -> bool:
    """Whether a path, if it exists, is on the root file system or on a device."""
    try:
        device = os.stat(path).st_dev  # noqa: PTH116 - as above
    except OSError:
        return True
    return device == os.stat("/").st_dev or os.major(device) != 0  # noqa: PTH116
