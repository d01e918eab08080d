"""The state directory: the agent's identity, and where each task keeps its files."""

import contextlib
import logging
import os
from pathlib import Path

import msgspec
from gururmm_wire.orders import key_id

from gururmm_agent.adapters.ports import Host
from gururmm_agent.errors import AlreadyRunning, NotEnrolled, StateUnusable
from gururmm_agent.files import memory_folder, open_owned, write_all, write_atomically
from gururmm_agent.link.route import Route, of_environment

_log = logging.getLogger(__name__)


class Identity(msgspec.Struct, kw_only=True):
    """Who this agent is and which server it trusts. Keys are hex; `private_key` is the 32-byte Ed25519 seed.

    `order_keys` are those that may sign orders, the newest last; `tenant_id` is of the Partner whose settings count.
    """

    server: str
    agent_id: str
    private_key: str
    server_public_key: str
    gateway: str
    order_keys: list[str] = []
    tenant_id: str = ""
    orders_after: int = 0
    """What was signed before this does not change the identity: it was meant for who this machine was before."""

    @property
    def agent_id_bytes(self) -> bytes:
        """The 16 bytes that go over the wire."""
        return bytes.fromhex(self.agent_id.replace("-", ""))

    @property
    def tenant_id_bytes(self) -> bytes:
        """The same of the Partner; empty where there is none."""
        return bytes.fromhex(self.tenant_id.replace("-", ""))

    @property
    def newest_order_key(self) -> bytes | None:
        """The id of the newest order key; None where none was pinned."""
        return key_id(bytes.fromhex(self.order_keys[-1])) if self.order_keys else None


def _cannot_grow(path: Path) -> bool:
    """Whether not even an empty file can be made here: read-only, or without room for a name."""
    probe = path / f".probe.{os.getpid()}"
    try:
        open_owned(probe, "wb").close()
        probe.unlink(missing_ok=True)
    except OSError:
        return True
    return False


class StateDirectory:
    """One agent's files. Only one process at a time may hold it (`lock`)."""

    def __init__(self, path: Path) -> None:
        self.path = path = path.absolute()  # scripts in it are started from another directory
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StateUnusable(f"The state directory {path} cannot be created: {error.strerror}.") from error
        if not os.access(path, os.R_OK | os.X_OK):
            raise StateUnusable(f"The state directory {path} is not readable for this user.")
        self._spare: Path | None = None
        self.kept_in_memory = ""
        """Why tasks have their files in memory, where they have; empty otherwise."""
        if _cannot_grow(path):
            self.kept_in_memory = self.trouble()

    @property
    def _identity(self) -> Path:
        return self.path / "identity.json"

    @property
    def _pending_key(self) -> Path:
        return self.path / "pending.key"

    def directory(self, name: str) -> Path:
        """A task's own directory, created on first use; while the disk takes none, a copy of it in memory."""
        path = self.path / name
        if not self.kept_in_memory:
            try:
                path.mkdir(mode=0o700, exist_ok=True)
            except OSError as error:
                self.kept_in_memory = str(error.strerror)
            else:
                return path
        return self._copied(path)

    def trouble(self) -> str:
        """Why nothing can be written here now; empty where it can. May block: called in a thread."""
        probe = self.path / f".probe.{os.getpid()}"
        try:
            with open_owned(probe, "wb") as file:
                write_all(file, bytes(4096))
        except OSError as error:
            return f"{self.path}: {error.strerror}"
        finally:
            with contextlib.suppress(OSError):
                probe.unlink(missing_ok=True)
        if self.kept_in_memory:
            return f"{self.path} can be written again; until the agent is restarted it keeps its files in memory"
        return ""

    def _copied(self, path: Path) -> Path:
        import shutil  # not needed where all is well, and large

        if self._spare is None:
            self._spare = memory_folder()
            _log.error("what the agent keeps is in memory only, and lost when it stops: %s", self.kept_in_memory)
        copy = self._spare / path.name
        if path.is_dir():
            shutil.copytree(path, copy, dirs_exist_ok=True)
        copy.mkdir(mode=0o700, exist_ok=True)
        return copy

    def let_go(self) -> None:
        """Take the copy in memory away: it is lost with this process."""
        if self._spare is not None:
            import shutil

            shutil.rmtree(self._spare, ignore_errors=True)

    def lock(self, host: Host) -> None:
        """Hold the directory until this process ends. Raises `AlreadyRunning`."""
        if not host.hold(self.path / "lock"):
            raise AlreadyRunning(f"Another agent already runs with the state directory {self.path}.")

    def read_identity(self) -> Identity | None:
        """The identity, or None before enrolment. Raises `StateUnusable` if the file is damaged."""
        try:
            return msgspec.json.decode(self._identity.read_bytes(), type=Identity)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            raise StateUnusable(
                f"{self._identity} cannot be read ({error}); restore it, or remove it to enrol this machine anew."
            ) from error

    def require_identity(self) -> Identity:
        """The identity. Raises `NotEnrolled`."""
        identity = self.read_identity()
        if identity is None:
            raise NotEnrolled(f"{self.path} holds no identity; enrol first with --server and --site-code.")
        return identity

    def write_identity(self, identity: Identity) -> None:
        """Keep the identity, readable for its owner only."""
        write_atomically(self._identity, msgspec.json.format(msgspec.json.encode(identity)) + b"\n")
        self._pending_key.unlink(missing_ok=True)

    def update_identity(self, identity: Identity) -> None:
        """Keep what changed for a running agent, unless somebody enrolled this machine anew meanwhile."""
        try:
            kept = self.read_identity()
        except StateUnusable:
            kept = None
        if kept is None or _enrolment(kept) == _enrolment(identity):
            self.write_identity(identity)
        else:
            _log.warning("this machine was enrolled anew meanwhile; that applies with the next start")

    def route(self, ca_file: str | None, proxy: str | None = None, no_proxy: str | None = None) -> Route:
        """The way to the server: what is given counts first, then what was kept here, then the environment."""
        if ca_file is None and self._ca.is_file():
            ca_file = str(self._ca)
        route = of_environment(ca_file or None)
        proxy = self._line("proxy") if proxy is None else proxy
        if proxy is not None:
            route = msgspec.structs.replace(route, http_proxy=proxy, https_proxy=proxy)
        no_proxy = self._line("no_proxy") if no_proxy is None else no_proxy
        return route if no_proxy is None else msgspec.structs.replace(route, no_proxy=no_proxy)

    def keep_route(self, *, ca: bytes | None = None, proxy: str | None = None, no_proxy: str | None = None) -> None:
        """Keep what is given for the next starts; empty forgets it. Raises `StateUnusable`."""
        given = ((self._ca, ca), (self.path / "proxy", proxy), (self.path / "no_proxy", no_proxy))
        try:
            for path, value in given:
                if value:
                    write_atomically(path, value if isinstance(value, bytes) else f"{value}\n".encode())
                elif value is not None:
                    path.unlink(missing_ok=True)
        except OSError as error:
            raise StateUnusable(f"{self.path} takes no settings: {error.strerror}.") from error

    @property
    def _ca(self) -> Path:
        return self.path / "ca.pem"

    def _line(self, name: str) -> str | None:
        try:
            return (self.path / name).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return None

    def pending_key(self) -> bytes:
        """The 32-byte seed to enrol with: the same after a crash, so that one machine does not register twice."""
        try:
            seed = bytes.fromhex(self._pending_key.read_text("ascii").strip())
            if len(seed) == 32:
                return seed
            _log.warning("the pending key is damaged and is made anew")
        except FileNotFoundError:
            pass
        except ValueError:
            _log.warning("the pending key is damaged and is made anew")
        seed = os.urandom(32)
        write_atomically(self._pending_key, seed.hex().encode())
        return seed


def _enrolment(identity: Identity) -> tuple[str, str, str, int]:
    """What an enrolment decides; the rest changes while the agent runs."""
    return identity.agent_id, identity.private_key, identity.server_public_key, identity.orders_after
