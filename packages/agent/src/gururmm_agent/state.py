"""The state directory: the agent's identity, and where each task keeps its files."""

import logging
import os
from pathlib import Path

import msgspec
from gururmm_wire.orders import key_id

from gururmm_agent.adapters.ports import Host
from gururmm_agent.errors import AlreadyRunning, NotEnrolled, StateUnusable
from gururmm_agent.files import write_atomically

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


class StateDirectory:
    """One agent's files. Only one process at a time may hold it (`lock`)."""

    def __init__(self, path: Path) -> None:
        self.path = path = path.absolute()  # scripts in it are started from another directory
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StateUnusable(f"The state directory {path} cannot be created: {error.strerror}.") from error
        if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
            raise StateUnusable(f"The state directory {path} is not readable and writable for this user.")

    @property
    def _identity(self) -> Path:
        return self.path / "identity.json"

    @property
    def _pending_key(self) -> Path:
        return self.path / "pending.key"

    def directory(self, name: str) -> Path:
        """A task's own directory, created on first use."""
        path = self.path / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path

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
