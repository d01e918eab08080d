"""The system account that PostgreSQL runs under when GuruRMM is started by root, which PostgreSQL refuses to be."""

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gururmm_server.infra.errors import StartError
from gururmm_server.infra.logging import get_logger

log = get_logger(__name__)

_NAME = "gururmm-postgres"


@dataclass(frozen=True, slots=True)
class Account:
    """Whom to become."""

    name: str
    uid: int
    gid: int


def unprivileged_account() -> Account | None:
    """The account to drop to; None when this process isn't root and can stay who it is.

    Makes the system user `gururmm-postgres` at first use; where users can't be made, takes `nobody`.
    """
    if os.geteuid() != 0:
        return None
    entry = _find(_NAME) or _create() or _find("nobody")
    if entry is None:
        raise StartError(
            f"PostgreSQL refuses to run as root and needs another account: make one with `useradd --system {_NAME}`."
        )
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def make_reachable(path: Path, account: Account, say: Callable[[str], None]) -> None:
    """Let `account` pass through every folder above `path`: adds the right to enter, not to list or read.

    `say` gets a sentence for the operator about each folder that is changed.
    """
    for folder in reversed(path.resolve().parents):
        mode = stat.S_IMODE(folder.stat().st_mode)
        if not mode & stat.S_IXOTH and folder.stat().st_uid != account.uid:
            folder.chmod(mode | stat.S_IXOTH)
            say(
                f"Changed the mode of {folder} from {mode:04o} to {mode | stat.S_IXOTH:04o}: others may pass through "
                f"it, not list or read it, because PostgreSQL runs as {account.name}."
            )


def _find(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _create() -> pwd.struct_passwd | None:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        return None
    made = subprocess.run(
        [useradd, "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", _NAME],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        log.warning("account not made", account=_NAME, error=made.stderr.strip())
    return _find(_NAME)
