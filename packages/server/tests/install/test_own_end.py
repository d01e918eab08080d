"""Commands and the life of their agent, with systemd: what outlives its restart, and what ends it. Needs root."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from packages.server.tests.install.container import Container, container
from packages.server.tests.install.serving import Server
from packages.server.tests.install.test_machines import server  # noqa: F401 - a fixture
from packages.server.tests.waiting import wait_until

pytestmark = [pytest.mark.xdist_group("installed machines"), pytest.mark.takes(100), pytest.mark.timeout(420)]

NAME = "with-commands"


class Machine:
    """A machine with systemd, as its server sees it."""

    def __init__(self, server: Server, inside: Container) -> None:  # noqa: F811 - the fixture's value
        self.inside = inside
        self._server = server
        self.install_line = f"curl -sSL {server.url}/install/{server.new_code(10)}/linux.sh | sh"

    def comes_online(self) -> str:
        wait_until(lambda: self._server.online(NAME), 60)
        found: str = self._server.machine(NAME)["id"]
        return found

    def goes_offline(self) -> None:
        wait_until(lambda: not self._server.online(NAME), 60)

    def run(self, script: str) -> str:
        """Queue it; returns its id."""
        body = {"agent_ids": [self.comes_online()], "script": script}
        command: str = self._server.ask("POST", "/commands", body)["items"][0]["id"]
        return command

    def status(self, command: str) -> str:
        found: str = self._server.ask("GET", f"/commands/{command}")["status"]
        return found

    def ended(self, command: str) -> Any:
        """The command once it is over."""
        wait_until(lambda: self.status(command) not in {"queued", "delivered", "running"}, 90)
        return self._server.ask("GET", f"/commands/{command}")

    def lives(self, command_line: str) -> bool:
        return bool(self.inside.run(f"pgrep -fx '{command_line}'", check=False).stdout)


@pytest.fixture(params=[True], ids=["with systemd"])
def machine(server: Server, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Machine]:  # noqa: F811
    with container(tmp_path, systemd=request.param) as inside:
        inside.run(f"hostname {NAME}; echo {NAME} >/etc/hostname")
        machine = Machine(server, inside)
        inside.run(machine.install_line, timeout=120)
        machine.comes_online()
        yield machine
        inside.run(f"{machine.install_line} -s -- --uninstall", check=False)
    known = server.machine(NAME)
    if known is not None:
        server.ask("DELETE", f"/agents/{known['id']}")


def test_what_was_put_in_the_background_outlives_the_agent(machine: Machine) -> None:
    background = ("sleep 3111", "sleep 3222")
    made = machine.ended(machine.run("nohup sleep 3111 >/dev/null 2>&1 & setsid sleep 3222 &"))
    assert made["status"] == "succeeded"
    for restart in (
        "systemctl restart gururmm-agent",
        "systemctl kill --signal=KILL --kill-who=main gururmm-agent",
        "systemctl stop gururmm-agent; systemctl start gururmm-agent",
    ):
        foreground = machine.run("sleep 3333")
        wait_until(lambda: machine.lives("sleep 3333"), 30)
        machine.inside.run(restart)
        ended = machine.ended(foreground)
        assert (ended["status"], ended["message"]) == ("failed", "interrupted: the agent stopped while it ran")
        assert not machine.lives("sleep 3333")
        assert all(map(machine.lives, background))


def test_what_a_command_does_to_its_own_agent_ends_as_asked(machine: Machine) -> None:
    before = machine.comes_online()
    for script in ("systemctl restart gururmm-agent", machine.install_line):
        ended = machine.ended(machine.run(script))
        assert ended["status"] == "succeeded", ended
        assert ended["message"].startswith("the agent of this machine was stopped or restarted, as this command asked")
        assert machine.comes_online() == before

    ended = machine.ended(machine.run("echo going down; reboot; sleep 600"))
    assert ended["status"] == "succeeded", ended
    assert ended["stdout"] == "going down\n"
    assert ended["message"] == "the machine was restarted or switched off, as this command asked"
    machine.inside.restarted()
    assert machine.comes_online() == before

    ended = machine.ended(machine.run("reboot"))
    assert ended["status"] == "succeeded", ended
    machine.inside.restarted()

    ended = machine.ended(machine.run(f"{machine.install_line} -s -- --uninstall"))
    assert ended["status"] == "succeeded", ended
    machine.goes_offline()
    gone = "! ls -d /opt/gururmm-agent /var/lib/gururmm-agent /etc/systemd/system/gururmm-agent.service 2>/dev/null"
    wait_until(lambda: machine.inside.run(gone, check=False).returncode == 0, 30)
    assert not machine.inside.run("pgrep gururmm-agent", check=False).stdout


def test_a_command_finds_what_a_login_finds(machine: Machine) -> None:
    asked = machine.ended(machine.run('set -u; echo "$USER $LOGNAME $HOME $SHELL"'))
    assert (asked["status"], asked["stdout"]) == ("succeeded", "root root /root /bin/bash\n")
    # What a profile says counts from the next command on; one that hangs or fails costs nothing but a moment.
    machine.inside.run("echo 'export OF_A_PROFILE=yes' >/etc/profile.d/test.sh")
    assert machine.ended(machine.run("set -u; echo $OF_A_PROFILE"))["stdout"] == "yes\n"
    machine.inside.run("echo 'sleep 600' >>/etc/profile.d/test.sh")
    assert machine.ended(machine.run("set -u; echo $USER"))["stdout"] == "root\n"


@pytest.mark.parametrize("machine", [False], indirect=True, ids=["without systemd"])
def test_so_it_does_where_the_agent_is_a_plain_process(machine: Machine) -> None:
    before = machine.comes_online()
    ended = machine.ended(machine.run("(sleep 3444 &) >/dev/null 2>&1; " + machine.install_line))
    assert ended["status"] == "succeeded", ended
    assert machine.comes_online() == before
    assert machine.lives("sleep 3444")
    ended = machine.ended(machine.run(f"{machine.install_line} -s -- --uninstall"))
    assert ended["status"] == "succeeded", ended
    machine.goes_offline()
    gone = "! ls -d /opt/gururmm-agent /var/lib/gururmm-agent 2>/dev/null && ! pgrep gururmm-agent"
    wait_until(lambda: machine.inside.run(gone, check=False).returncode == 0, 30)
