"""Machines that come back: deleted and installed again, removed with their agent, installed anew, copied."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from packages.server.tests.install.container import Container, container
from packages.server.tests.install.serving import Server, comes_online, demo, install
from packages.server.tests.waiting import wait_until

pytestmark = [pytest.mark.xdist_group("installed machines"), pytest.mark.takes(100), pytest.mark.timeout(420)]

GONE = "ls -d /opt/gururmm-agent /var/lib/gururmm-agent /etc/systemd/system/gururmm-agent.service 2>/dev/null; true"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with demo(tmp_path_factory.mktemp("identity")) as running:
        yield running


def named(inside: Container, hostname: str) -> None:
    """Give it a name of its own, and a machine-id as its first boot would."""
    fresh = "head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \\n'; echo"
    inside.run(f"hostname {hostname}; rm -f /etc/machine-id; {{ {fresh}; }} >/etc/machine-id")


def test_a_deleted_machine_is_back_by_the_install_command(server: Server, tmp_path: Path) -> None:
    with container(tmp_path, systemd=True) as inside:
        named(inside, "deleted")
        install(inside, server, server.new_code())
        comes_online(inside, server, "deleted")
        before = server.machine("deleted")["id"]
        server.ask("DELETE", f"/agents/{before}")
        assert server.machine("deleted") is None
        said = install(inside, server, server.new_code())
        assert "This machine had been deleted in GuruRMM: it is back as a new one" in said
        assert "Installed as the service gururmm-agent (" in said
        comes_online(inside, server, "deleted")
        assert "deleted is back after it had been deleted." in [
            item["text"] for item in server.ask("GET", "/events?limit=50")["items"]
        ]


def test_one_that_is_removed_with_its_agent_takes_that_away(server: Server, tmp_path: Path) -> None:
    """At once where it is connected; where it was off, when it is back."""
    with container(tmp_path, systemd=True) as inside:
        named(inside, "away")
        for stopped in (False, True):
            install(inside, server, server.new_code())
            comes_online(inside, server, "away")
            machine = server.machine("away")["id"]
            if stopped:
                inside.run("systemctl stop gururmm-agent")
                wait_until(lambda: not server.online("away"), 20)
            server.ask("DELETE", f"/agents/{machine}?uninstall=true")
            if stopped:
                inside.run("systemctl start gururmm-agent")
            wait_until(lambda: not inside.run(GONE).stdout, 30)
            wait_until(lambda: not inside.run("pgrep gururmm-agent", check=False).stdout, 10)
            state = inside.run("systemctl show -p LoadState,ActiveState gururmm-agent").stdout
            assert "LoadState=not-found" in state
            assert "ActiveState=inactive" in state


def test_one_without_systemd_does_too(server: Server, tmp_path: Path) -> None:
    with container(tmp_path, systemd=False) as inside:
        named(inside, "away-plain")
        install(inside, server, server.new_code())
        comes_online(inside, server, "away-plain")
        server.ask("DELETE", f"/agents/{server.machine('away-plain')['id']}?uninstall=true")
        wait_until(lambda: not inside.run(GONE).stdout, 30)
        wait_until(lambda: not inside.run("pgrep gururmm-agent", check=False).stdout, 10)


def test_one_that_was_uninstalled_and_is_installed_again_goes_on_as_it_was(server: Server, tmp_path: Path) -> None:
    with container(tmp_path, systemd=True) as inside:
        named(inside, "again")
        install(inside, server, server.new_code())
        comes_online(inside, server, "again")
        (old,) = server.machines("again")
        install(inside, server, server.new_code(), "--uninstall")
        wait_until(lambda: not server.is_online(old["id"]), 20)
        said = install(inside, server, server.new_code())
        assert "This machine was again before, last seen 20" in said
        comes_online(inside, server, "again")
        _, new = server.machines("again")
        assert [each["id"] for each in new["former"]] == [old["id"]]
        assert server.ask("POST", f"/agents/{new['id']}/former", {"go_on_as": old["id"]})["id"] == old["id"]
        wait_until(lambda: server.is_online(old["id"]), 30)
        assert len(server.machines("again")) == 1
        assert server.run(old["id"], "hostname") == "again\n"
        inside.run("systemctl restart gururmm-agent")  # it is who it is after that, too
        wait_until(lambda: server.machine("again")["online_since"] != new["online_since"], 20)
        comes_online(inside, server, "again")


def test_nothing_runs_on_a_machine_that_was_copied_until_somebody_decides(server: Server, tmp_path: Path) -> None:
    with (
        container(tmp_path / "main", systemd=False) as main,
        container(tmp_path / "clone", systemd=False) as clone,
    ):
        named(main, "main")
        install(main, server, server.new_code())
        comes_online(main, server, "main")
        machine = server.machine("main")["id"]
        # A copied disk, with another name.
        for folder in ("opt/gururmm-agent", "var/lib/gururmm-agent", "etc/machine-id"):
            copied = main.run(f"tar -C / -cf - {folder} 2>/dev/null | base64 -w0").stdout
            clone.run("base64 -d | tar -C / -xf -", given=copied)
        clone.run("hostname clone; rm -f /var/lib/gururmm-agent/agent.pid")
        start = "nohup /opt/gururmm-agent/current/gururmm-agent run --state-dir /var/lib/gururmm-agent"
        clone.run(f"{start} >/var/lib/gururmm-agent/agent.log 2>&1 </dev/null &")

        def named_there() -> list[str]:
            return [each["hostname"] for each in server.ask("GET", f"/agents/{machine}")["doubles"]]

        wait_until(lambda: named_there() == ["main", "clone"], 30)
        wait_until(lambda: not server.is_online(machine), 30)
        log = "cat /var/lib/gururmm-agent/agent.log"
        for inside in (main, clone):
            wait_until(lambda inside=inside: "main (127.0.0.1) and clone (127.0.0.1)" in inside.run(log).stdout, 90)
        command = {"agent_ids": [machine], "shell": "sh", "script": "hostname", "timeout_s": 30}
        waiting = server.ask("POST", "/commands", command)["items"][0]["id"]
        (copy,) = (
            each["instance"]
            for each in server.ask("GET", f"/agents/{machine}")["doubles"]
            if each["hostname"] == "clone"
        )
        server.ask("POST", f"/agents/{machine}/doubles", {"own_key": copy})
        wait_until(lambda: server.online("clone"), 120)
        wait_until(lambda: server.is_online(machine), 120)
        wait_until(lambda: server.ask("GET", f"/commands/{waiting}")["status"] == "succeeded", 30)
        assert server.ask("GET", f"/commands/{waiting}")["stdout"] == "main\n"
        assert server.run(server.machine("clone")["id"], "hostname") == "clone\n"
