"""A running server for the tests of the installer, and its admin."""

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gururmm_server.infra.embedded.data_dir import free_port

from packages.server.tests.install.container import Container
from packages.server.tests.waiting import wait_until

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parents[4]


@dataclass
class Server:
    """A running demo without simulated machines, and its admin."""

    url: str
    token: str
    credentials: dict[str, str]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def sign_in(self) -> None:
        self.token = self.ask("POST", "/auth/sign-in", self.credentials)["access_token"]

    def new_code(self, uses: int = 1) -> str:
        """A fresh code of the demo's first Site, for one machine or more."""
        site = self.ask("GET", "/sites")["items"][0]["id"]
        code: str = self.ask("POST", f"/sites/{site}/codes", {"expires_in_h": 1, "max_uses": uses})["code"]
        return code

    def machines(self, hostname: str) -> list[Any]:
        """Those of that name, the one that was enrolled first at the top."""
        found = [a for a in self.ask("GET", f"/agents?search={hostname}")["items"] if a["hostname"] == hostname]
        pages = [self.ask("GET", f"/agents/{each['id']}") for each in found]
        return sorted(pages, key=lambda page: page["enrolled_at"])

    def machine(self, hostname: str) -> Any:
        """The one machine of that name, or None. Two would be a fault: running the installer again makes no new one."""
        found = [a for a in self.ask("GET", f"/agents?search={hostname}")["items"] if a["hostname"] == hostname]
        assert len(found) < 2, found
        return found[0] if found else None

    def online(self, hostname: str) -> bool:
        machine = self.machine(hostname)
        return bool(machine and machine["status"] == "online")

    def is_online(self, agent_id: str) -> bool:
        return bool(self.ask("GET", f"/agents/{agent_id}")["status"] == "online")

    def run(self, agent_id: str, script: str, shell: str = "sh") -> str:
        """What a command writes there, once it is over."""
        command = {"agent_ids": [agent_id], "shell": shell, "script": script, "timeout_s": 60}
        command_id = self.ask("POST", "/commands", command)["items"][0]["id"]
        ended: dict[str, Any] = {}

        def is_over() -> bool:
            ended.update(self.ask("GET", f"/commands/{command_id}?wait_s=10"))
            return ended["finished_at"] is not None

        wait_until(is_over, 60)
        assert ended["status"] == "succeeded", ended
        return str(ended["stdout"])


@contextmanager
def serving(home: Path, command: str, *arguments: object) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `gururmm demo` or `up`; end it as Ctrl-C does."""
    bundle = ROOT / "dist" / "agent" / "agent-linux-x86_64.tar.gz"
    assert bundle.exists(), "the agent bundle is missing: make .build/bundle"
    with (
        (home / f"{command}.out").open("wb") as out,
        subprocess.Popen(
            [BIN / "gururmm", command, "--data", home / "data", *map(str, arguments)],
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(40)


@contextmanager
def demo(home: Path) -> Iterator[Server]:
    """A demo without simulated machines."""
    ready = home / "ready.json"
    port = free_port(set())
    with serving(home, "demo", "--ready-file", ready, "--port", port, "--machines", 0) as process:
        wait_until(lambda: ready.exists() or process.poll() is not None, 90)
        assert ready.exists(), (home / "demo.out").read_text()
        told = json.loads(ready.read_text())
        running = Server(told["url"], "", {"email": told["email"], "password": told["password"]})
        running.sign_in()
        yield running


def comes_online(inside: Container, server: Server, hostname: str) -> None:
    """Wait for it; where it does not come, say what the agent and the server know of that."""
    try:
        wait_until(lambda: any(each["status"] == "online" for each in server.machines(hostname)), 60)
    except TimeoutError as error:
        said = inside.run(
            "ps ax; journalctl -u gururmm-agent -n 50; tail -n 50 /var/lib/gururmm-agent/agent.log", check=False
        )
        raise AssertionError(f"{server.machines(hostname)}\n{said.stdout}") from error


def install(inside: Container, server: Server, code: str, *arguments: str, check: bool = True) -> str:
    """Run the install command inside."""
    script = f"curl -sSL {server.url}/install/{code}/linux.sh | sh"
    if arguments:
        script += f" -s -- {' '.join(arguments)}"
    return inside.run(script, check=check, timeout=120).stdout
