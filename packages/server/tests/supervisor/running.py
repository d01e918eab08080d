"""A running `gururmm up`, as an operator has it."""

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from gururmm_server.infra.embedded.data_dir import free_port

from packages.server.tests.waiting import wait_until

BIN = Path(sys.executable).parent


class Up:
    """A running `gururmm up`."""

    def __init__(self, home: Path, *arguments: str, data: Path | None = None) -> None:
        self.data = data or home / "data"
        self.port = free_port(set())
        self.url = f"http://127.0.0.1:{self.port}"
        self._browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        self._out = home / "out"
        with self._out.open("wb") as out:
            self.process = subprocess.Popen(
                [
                    BIN / "gururmm",
                    "up",
                    "--data",
                    self.data,
                    "--port",
                    str(self.port),
                    "--gateway-port",
                    "0",
                    *arguments,
                ],
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self.until(lambda: "GuruRMM is ready" in self.said() or self.process.poll() is not None, 90)
        assert self.process.poll() is None, self.said()

    def said(self) -> str:
        return self._out.read_text()

    def ask(self, path: str, body: Any = None, token: str = "") -> tuple[int, Any]:
        """Status and JSON of an answer, 0 when there is none; POST when there is a body."""
        request = urllib.request.Request(
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Origin": self.url, "Authorization": f"Bearer {token}"},
        )
        try:
            with self._browser.open(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")
        except OSError:
            return 0, None

    def children(self) -> dict[str, int]:
        """What the supervisor runs: the part's name, or the program's, and its pid."""
        found = {}
        for child in psutil.Process(self.process.pid).children():
            with suppress(psutil.Error, IndexError):  # it has just ended, or not yet begun
                line = child.cmdline()
                found[line[3] if line[1:3] == ["-m", "gururmm_server"] else Path(line[0]).name] = child.pid
        return found

    def ready(self) -> bool:
        return self.ask("/readyz")[0] == 200

    def gururmm(self, *arguments: str) -> str:
        """What a command beside it says; it has to succeed."""
        done = self.beside(*arguments)
        done.check_returncode()
        return done.stdout.strip()

    def beside(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A command beside it."""
        command = [BIN / "gururmm", *arguments, "--data", self.data]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    def first_admin(self, email: str) -> str:
        """Make a Platform admin; an access token of theirs."""
        token = self.gururmm("admin", "create", "--email", email).rpartition("/")[2]
        status, signed_in = self.ask(f"/api/v1/auth/invitation/{token}", {"password": "a long enough password"})
        assert status == 200, signed_in
        access_token: str = signed_in["access_token"]
        return access_token

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(100)

    @staticmethod
    def until(check: Callable[[], Any], seconds: float) -> None:
        wait_until(check, seconds)
