"""The shell installer on real systems: a Debian with systemd as process 1, and one without. Needs root."""

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from gururmm_server.infra.embedded.data_dir import free_port

from packages.server.tests.install.container import Container, container
from packages.server.tests.waiting import wait_until

# The first of them makes a whole Debian, which takes a minute on a machine that does nothing else.
pytestmark = [pytest.mark.xdist_group("installed machines"), pytest.mark.takes(100), pytest.mark.timeout(420)]

BIN = Path(sys.executable).parent
ROOT = Path(__file__).parents[4]


@dataclass
class Server:
    """A running demo without simulated machines, and its admin."""

    url: str
    token: str

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

    def new_code(self, uses: int = 1) -> str:
        """A fresh code of the demo's first Site, for one machine or more."""
        site = self.ask("GET", "/sites")["items"][0]["id"]
        code: str = self.ask("POST", f"/sites/{site}/codes", {"expires_in_h": 1, "max_uses": uses})["code"]
        return code

    def machine(self, hostname: str) -> Any:
        """The one machine of that name, or None. Two would be a fault: running the installer again makes no new one."""
        found = [a for a in self.ask("GET", f"/agents?search={hostname}")["items"] if a["hostname"] == hostname]
        assert len(found) < 2, found
        return found[0] if found else None

    def online(self, hostname: str) -> bool:
        machine = self.machine(hostname)
        return bool(machine and machine["status"] == "online")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("install")
    bundle = ROOT / "dist" / "agent" / "agent-linux-x86_64.tar.gz"
    assert bundle.exists(), "the agent bundle is missing: make .build/bundle"
    ready = home / "ready.json"
    arguments = ("--ready-file", ready, "--data", home / "data", "--port", str(free_port(set())), "--machines", "0")
    with (
        (home / "out").open("wb") as out,
        subprocess.Popen(
            [BIN / "gururmm", "demo", *arguments], stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        ) as process,
    ):
        try:
            wait_until(lambda: ready.exists() or process.poll() is not None, 90)
            assert ready.exists(), (home / "out").read_text()
            told = json.loads(ready.read_text())
            running = Server(told["url"], "")
            credentials = {"email": told["email"], "password": told["password"]}
            running.token = running.ask("POST", "/auth/sign-in", credentials)["access_token"]
            yield running
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(40)


def _install(inside: Container, server: Server, code: str, *arguments: str, check: bool = True) -> str:
    script = f"curl -sSL {server.url}/install/{code}/linux.sh | sh"
    if arguments:
        script += f" -s -- {' '.join(arguments)}"
    return inside.run(script, check=check, timeout=120).stdout


def _comes_online(inside: Container, server: Server, hostname: str) -> None:
    """Wait for it; where it does not come, say what the agent and the server know of that."""
    try:
        wait_until(lambda: server.online(hostname), 60)
    except TimeoutError as error:
        said = inside.run(
            "ps ax; journalctl -u gururmm-agent -n 50; tail -n 50 /var/lib/gururmm-agent/agent.log", check=False
        )
        raise AssertionError(f"{server.machine(hostname)}\n{said.stdout}") from error


def test_where_systemd_runs_the_agent_is_a_service(server: Server, tmp_path: Path) -> None:
    with container(tmp_path, systemd=True) as inside:
        inside.run("hostname with-systemd")
        code = server.new_code()
        assert "Installed as the service gururmm-agent (" in _install(inside, server, code)
        _comes_online(inside, server, "with-systemd")
        assert inside.run("systemctl is-enabled gururmm-agent").stdout.strip() == "enabled"

        # Killed: systemd starts it again, and it is the same machine.
        before = server.machine("with-systemd")["id"]
        inside.run("systemctl kill --signal=KILL --kill-who=main gururmm-agent")
        wait_until(lambda: inside.run("systemctl show -p NRestarts --value gururmm-agent").stdout.strip() == "1", 10)
        _comes_online(inside, server, "with-systemd")

        # Again: repairs. It is the machine it was and uses no code up, though one has to be good to get the script.
        code = server.new_code()
        for _ in range(2):
            assert "Installed as the service" in _install(inside, server, code)
        _comes_online(inside, server, "with-systemd")
        assert server.machine("with-systemd")["id"] == before

        assert "is gone from this machine" in _install(inside, server, server.new_code(), "--uninstall")
        assert inside.run("systemctl is-active gururmm-agent", check=False).stdout.strip() == "inactive"
        assert inside.run("ls -d /opt/gururmm-agent /var/lib/gururmm-agent", check=False).returncode != 0
        assert not inside.run("pgrep gururmm-agent", check=False).stdout
        wait_until(lambda: not server.online("with-systemd"), 20)


def test_where_it_does_not_the_agent_is_a_plain_process(server: Server, tmp_path: Path) -> None:
    with container(tmp_path, systemd=False) as inside:
        inside.run("hostname without-systemd")
        code = server.new_code()
        said = _install(inside, server, code)
        assert "the agent is a plain process" in said
        _comes_online(inside, server, "without-systemd")
        before = server.machine("without-systemd")["id"]
        first = inside.run("cat /var/lib/gururmm-agent/agent.pid").stdout

        _install(inside, server, server.new_code())
        assert inside.run("cat /var/lib/gururmm-agent/agent.pid").stdout != first
        _comes_online(inside, server, "without-systemd")
        assert server.machine("without-systemd")["id"] == before

        # The first code is used up by now: it still repairs this machine and takes the agent away, and adds none.
        assert "the agent is a plain process" in _install(inside, server, code)
        _comes_online(inside, server, "without-systemd")
        _install(inside, server, code, "--uninstall")
        assert not inside.run("pgrep gururmm-agent", check=False).stdout
        assert inside.run("ls -d /opt/gururmm-agent", check=False).returncode != 0
        refused = _install(inside, server, code, check=False)
        assert "gururmm: This site code is no longer valid." in refused
        assert inside.run("ls -d /opt/gururmm-agent /var/lib/gururmm-agent", check=False).returncode != 0


def test_refusals_leave_nothing_behind(server: Server, tmp_path: Path) -> None:
    with container(tmp_path, systemd=False) as inside:
        untouched = "ls -d /opt/gururmm-agent /var/lib/gururmm-agent 2>/dev/null; true"

        refused = inside.run(f"curl -sSL {server.url}/install/NO-SUCH-CODE/linux.sh | sh", check=False)
        assert refused.returncode == 1
        assert "gururmm: This site code is not known here." in refused.stdout
        assert inside.run(untouched).stdout == ""

        script = f"curl -sSL {server.url}/install/{server.new_code()}/linux.sh"
        unprivileged = inside.run(f"{script} | setpriv --reuid 65534 --clear-groups sh", check=False)
        assert "gururmm: the agent is installed by root: put sudo before sh." in unprivileged.stdout

        fake = "#!/bin/sh\\n[ $1 = -m ] && echo riscv64 || echo Linux\\n"
        inside.run(f"printf '{fake}' > /usr/local/bin/uname; chmod +x /usr/local/bin/uname")
        wrong = inside.run(f"{script} | sh", check=False)
        assert "gururmm: there is an agent for x86_64; this machine is riscv64." in wrong.stdout
        inside.run("rm /usr/local/bin/uname")

        # A damaged download.
        another = f"s/sha256='.*'/sha256='{'0' * 64}'/"
        damaged = inside.run(f'{script} | sed "{another}" | sh', check=False)
        assert "gururmm: the download is damaged" in damaged.stdout
        assert inside.run("ls /opt/gururmm-agent/versions 2>/dev/null; true").stdout == ""
        assert inside.run("ls -d /var/lib/gururmm-agent 2>/dev/null; true").stdout == ""


def test_the_landing_page_is_public(server: Server) -> None:
    with urllib.request.urlopen(f"{server.url}/install/{server.new_code()}", timeout=10) as answer:
        assert "Northwind IT" in answer.read().decode()
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{server.url}/install/NO-SUCH-CODE", timeout=10)
