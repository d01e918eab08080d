"""Debian's haproxy with TLS in front of a run's api and gateway, as `deploy` has a proxy in front of a real one."""

import shutil
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_CONFIGURATION: Final = """
global
  maxconn {connections}
  ssl-default-bind-options ssl-min-ver TLSv1.2
defaults
  mode http
  maxconn {connections}
  timeout connect 10s
  timeout client 1h
  timeout server 1h
  timeout tunnel 1h
frontend tls
  bind 127.0.0.1:{port} ssl crt {certificate} alpn http/1.1 backlog {connections}
  use_backend gateways if {{ path_beg /agent/ }}
  default_backend apis
backend gateways
  server gateway 127.0.0.1:{gateway}
backend apis
  server api 127.0.0.1:{api}
"""
_SPARE: Final = 500
_LISTENING_S: Final = 10.0


class NoProxy(Exception):
    """haproxy is not installed; the message says how to have it."""


class TlsProxy:
    """A proxy at `https://127.0.0.1:<port>`. Started and ended as often as one likes; a context manager ends it."""

    def __init__(self, folder: Path, certificate: Path, *, api: int, gateway: int, connections: int) -> None:
        program = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
        if program is None:
            raise NoProxy("haproxy is not installed: `apt-get install haproxy` as root.")
        self.port = _free_port()
        self._configuration = folder / "haproxy.cfg"
        self._configuration.write_text(
            _CONFIGURATION.format(
                port=self.port, certificate=certificate, api=api, gateway=gateway, connections=connections + _SPARE
            ),
            encoding="ascii",
        )
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it; returns when it listens. Raises `RuntimeError`."""
        # -db: one process in the foreground, which is the one to be measured.
        self._process = subprocess.Popen(
            [self._program, "-db", "-f", self._configuration], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + _LISTENING_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError("haproxy does not listen; run it with the kept configuration to see why")

    def kill(self) -> None:
        """End it as a power cut does: every connection through it breaks."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
