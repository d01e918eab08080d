"""A real GuruRMM for the time of the benchmarks, started by its own command, with the real agent of this machine."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final, Self

from gururmm_bench.rest import Rest

SERVER_PROCESSES: Final = ("api", "gateway", "worker")
ENGINES: Final = ("postgres", "nats")
_READY_S: Final = 120.0
_STOP_S: Final = 30.0


class NotReady(Exception):
    """The product did not come up; the message says what it printed last."""


class Stack:
    """`gururmm demo` without simulated machines, in a folder of its own. A context manager: leaves nothing behind."""

    def __init__(self) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="gururmm-bench-"))
        self._ready_file = self._home / "ready.json"
        self._log = self._home / "console.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._facts: dict[str, Any] = {}
        self._port = _free_port()
        self.rest: Rest

    def __enter__(self) -> Self:
        self._home.chmod(0o711)  # the database server runs as a user of its own and passes through
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        self.rest = Rest(self.url, self._facts["email"], self._facts["password"])
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        if os.environ.get("GURURMM_BENCH_KEEP"):
            sys.stderr.write(f"kept {self._home}\n")
        else:
            shutil.rmtree(self._home, ignore_errors=True)

    @property
    def url(self) -> str:
        """The server's URL."""
        return str(self._facts["url"])

    @property
    def data(self) -> Path:
        """The product's data folder."""
        return self._home / "data"

    @property
    def database_url(self) -> str:
        """Of the login that may assume the product's roles."""
        return str(self._facts["database_url"])

    @property
    def tenant_id(self) -> str:
        """The demo Partner."""
        return str(self._facts["tenant_id"])

    @property
    def agent_id(self) -> str:
        """The real agent of this machine."""
        return str(self._facts["agent_id"])

    @property
    def processes(self) -> dict[str, int]:
        """Name to pid, as of now."""
        return dict(json.loads(self._ready_file.read_text(encoding="utf-8"))["processes"])

    def scratch(self, name: str) -> Path:
        """A folder that goes with the stack."""
        path = self._home / name
        path.mkdir(exist_ok=True)
        return path

    def die_and_start(self) -> None:
        """Kill the supervisor as `kill -9` does, and start it again, as an init would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._ready_file.unlink()
        self._start()

    def _start(self) -> None:
        command = [
            *(sys.executable, "-m", "gururmm_server", "demo", "--machines", "0"),
            *("--data", str(self.data), "--port", str(self._port), "--ready-file", str(self._ready_file)),
        ]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )
        deadline = time.monotonic() + _READY_S
        while not self._ready_file.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise NotReady(f"gururmm demo did not become ready:\n{self._log.read_text(errors='replace')[-2000:]}")
            time.sleep(0.1)
        self._facts = json.loads(self._ready_file.read_text(encoding="utf-8"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
