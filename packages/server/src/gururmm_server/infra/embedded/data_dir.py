"""What one installation keeps on disk, and the lock that lets only one supervisor use it.

Layout: `lock`, `ports.json`, `url`, `schema`, `audit-public-key`, `secrets/` (0700, files 0600), `log/`, `postgres/`,
`nats/`, `audit-heads/`, `ballast`, and beside them whatever else the supervisor keeps (`agent/`, `simulator/`).
"""

import fcntl
import json
import os
import secrets
import shutil
import socket
from pathlib import Path
from typing import BinaryIO

from gururmm_server.infra.errors import StartError

AUDIT_HEADS = "audit-heads"
AUDIT_PUBLIC_KEY = "audit-public-key"
_BALLAST = "ballast"
LOG_ROTATE_BYTES = 20 * 1024 * 1024


class DataDir:
    """A folder of ours. `prepare()` comes first; everything it hands out survives a restart."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()
        self._lock_fd: int | None = None

    def prepare(self) -> None:
        """Make the folder and take its lock. Raises `StartError` when it can't be written or is in use."""
        if self.root.is_file():
            raise StartError(f"{self.root} is a file, and the data needs a folder: choose another with --data.")
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            for name in ("secrets", "log"):
                (self.root / name).mkdir(mode=0o700, exist_ok=True)
            self._lock_fd = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StartError(
                f"The data folder {self.root} cannot be used ({error.strerror}): choose another with --data."
            ) from error
        try:
            fcntl.flock(self._lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._lock_fd, 32, 0).decode("ascii", "replace").strip() or "unknown"
            self.release()
            raise StartError(
                f"GuruRMM already runs on {self.root} (process {holder}): stop it first, or choose another --data."
            ) from None
        os.ftruncate(self._lock_fd, 0)
        os.pwrite(self._lock_fd, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        """Give the lock back."""
        if self._lock_fd is not None:
            os.close(self._lock_fd)
            self._lock_fd = None

    def secret(self, name: str, size: int = 24) -> str:
        """A secret of `size` random bytes in hexadecimal, made at first use and readable by us alone."""
        if not self._read_secret(name):
            write_private(self._secret_path(name), secrets.token_hex(size))
        return self._read_secret(name)

    def has_secret(self, name: str) -> bool:
        """Whether a secret of this name was made."""
        return self._secret_path(name).exists()

    def keep_secret(self, name: str, value: str) -> None:
        """Keep a secret that was made elsewhere under this name."""
        write_private(self._secret_path(name), value)

    def renew_secret(self, name: str, size: int = 24) -> str:
        """A new secret in the place of an old one."""
        write_private(self._secret_path(name), secrets.token_hex(size))
        return self._read_secret(name)

    def forget_secret(self, name: str) -> None:
        """Take away a secret that nothing uses any more."""
        self._secret_path(name).unlink(missing_ok=True)

    def secret_path(self, name: str, size: int = 24) -> Path:
        """The file of a secret, for a process that reads it itself."""
        self.secret(name, size)
        return self._secret_path(name)

    def kept_secret(self, name: str) -> str:
        """A secret that was made before and that something is locked with. Raises `StartError` when it is lost."""
        secret = self._read_secret(name)
        if not secret:
            raise StartError(f"The secret {self._secret_path(name)} is missing or empty: restore it from a backup.")
        return secret

    def port(self, name: str) -> int:
        """A port on 127.0.0.1 for `name`: the one of last time if it is free, else another, which is remembered."""
        ports = self._ports()
        port = ports.get(name, 0)
        if port == 0 or not is_free("127.0.0.1", port):
            port = free_port(avoid=set(ports.values()))
            write_private(self.root / "ports.json", json.dumps(ports | {name: port}))
        return port

    def known_port(self, name: str) -> int | None:
        """The port that `name` had at the last start; None when it never ran."""
        return self._ports().get(name)

    def remember(self, name: str, text: str) -> None:
        """Note something for the next start or for commands beside this one."""
        write_private(self.root / name, text)

    def remembered(self, name: str) -> str:
        """What was noted; empty when nothing was."""
        path = self.root / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def log_path(self, name: str) -> Path:
        """Where the output of the process `name` goes."""
        return self.root / "log" / f"{name}.log"

    def open_log(self, name: str) -> BinaryIO:
        """A file to append to; a long log is moved aside first."""
        self.rotate_log(name)
        path = self.log_path(name)
        path.touch(mode=0o600)
        return path.open("ab")

    def rotate_log(self, name: str, over_bytes: int = LOG_ROTATE_BYTES) -> None:
        """Copy a log over this size to `<name>.log.1` and empty it, which its writers don't notice: they append."""
        path = self.log_path(name)
        if path.exists() and path.stat().st_size > over_bytes:
            copy = path.with_suffix(".log.1")
            try:
                shutil.copyfile(path, copy)
            except OSError:
                copy.unlink(missing_ok=True)  # the disk is full: room is worth more than old lines
            os.truncate(path, 0)

    def keep_ballast(self, size: int) -> None:
        """Occupy so much of the disk, if it is not yet. Raises OSError; then nothing is occupied."""
        path = self.root / _BALLAST
        if path.exists():
            return
        with path.open("wb") as file:
            try:
                os.posix_fallocate(file.fileno(), 0, size)
            except OSError:
                path.unlink()
                raise

    def ballast_bytes(self) -> int:
        """Returns how much of the disk it occupies."""
        path = self.root / _BALLAST
        return path.stat().st_size if path.exists() else 0

    def drop_ballast(self) -> None:
        """Give it free."""
        (self.root / _BALLAST).unlink(missing_ok=True)

    def free_bytes(self) -> int:
        """What unprivileged processes may still write on this folder's filesystem."""
        stat = os.statvfs(self.root)
        return stat.f_bavail * stat.f_frsize

    def _ports(self) -> dict[str, int]:
        path = self.root / "ports.json"
        if not path.exists():
            return {}
        try:
            ports = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            return {}  # torn by a power cut; ports are only a preference
        if not isinstance(ports, dict):
            return {}
        return {name: port for name, port in ports.items() if type(port) is int and 0 < port < 65536}

    def _secret_path(self, name: str) -> Path:
        return self.root / "secrets" / name

    def _read_secret(self, name: str) -> str:
        path = self._secret_path(name)
        return path.read_text(encoding="utf-8", errors="replace").strip() if path.exists() else ""


def write_private(path: Path, text: str) -> None:
    """Write a file that only we may read, whole or not at all."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    return why_taken(host, port) is None


def why_taken(host: str, port: int) -> OSError | UnicodeError | None:
    """What keeps a server from listening there now; None when nothing does. `port` is 0 to 65535."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except (OSError, UnicodeError) as error:
            return error
        return None


def free_port(avoid: set[int]) -> int:
    """A port on 127.0.0.1 that nobody uses now and that is none of `avoid`."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        if port not in avoid:
            return port
