"""The shell installer on real systems: a Debian with systemd as process 1, and one without. Needs root."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from packages.server.tests.install.container import container
from packages.server.tests.install.serving import Server, comes_online, demo, install
from packages.server.tests.waiting import wait_until

# The first of them makes a whole Debian, which takes a minute on a machine that does nothing else.
pytestmark = [pytest.mark.xdist_group("installed machines"), pytest.mark.takes(100), pytest.mark.timeout(420)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with demo(tmp_path_factory.mktemp("install")) as running:
        yield running


def test_where_systemd_runs_the_agent_is_a_service(server: Server, tmp_path: Path) -> None:
    with container(tmp_path, systemd=True) as inside:
        inside.run("hostname with-systemd")
        code = server.new_code()
        assert "Installed as the service gururmm-agent (" in install(inside, server, code)
        comes_online(inside, server, "with-systemd")
        assert inside.run("systemctl is-enabled gururmm-agent").stdout.strip() == "enabled"

        # Killed: systemd starts it again, and it is the same machine.
        before = server.machine("with-systemd")["id"]
        inside.run("systemctl kill --signal=KILL --kill-who=main gururmm-agent")
        wait_until(lambda: inside.run("systemctl show -p NRestarts --value gururmm-agent").stdout.strip() == "1", 10)
        comes_online(inside, server, "with-systemd")

        # Again: repairs. It is the machine it was and uses no code up, though one has to be good to get the script.
        code = server.new_code()
        for _ in range(2):
            assert "Installed as the service" in install(inside, server, code)
        comes_online(inside, server, "with-systemd")
        assert server.machine("with-systemd")["id"] == before

        assert "is gone from this machine" in install(inside, server, server.new_code(), "--uninstall")
        assert inside.run("systemctl is-active gururmm-agent", check=False).stdout.strip() == "inactive"
        assert inside.run("ls -d /opt/gururmm-agent /var/lib/gururmm-agent", check=False).returncode != 0
        assert not inside.run("pgrep gururmm-agent", check=False).stdout
        wait_until(lambda: not server.online("with-systemd"), 20)


def test_where_it_does_not_the_agent_is_a_plain_process(server: Server, tmp_path: Path) -> None:
    with container(tmp_path, systemd=False) as inside:
        inside.run("hostname without-systemd")
        code = server.new_code()
        said = install(inside, server, code)
        assert "the agent is a plain process" in said
        comes_online(inside, server, "without-systemd")
        before = server.machine("without-systemd")["id"]
        first = inside.run("cat /var/lib/gururmm-agent/agent.pid").stdout

        install(inside, server, server.new_code())
        assert inside.run("cat /var/lib/gururmm-agent/agent.pid").stdout != first
        comes_online(inside, server, "without-systemd")
        assert server.machine("without-systemd")["id"] == before

        # The first code is used up by now: it still repairs this machine and takes the agent away, and adds none.
        assert "the agent is a plain process" in install(inside, server, code)
        comes_online(inside, server, "without-systemd")
        install(inside, server, code, "--uninstall")
        assert not inside.run("pgrep gururmm-agent", check=False).stdout
        assert inside.run("ls -d /opt/gururmm-agent", check=False).returncode != 0
        refused = install(inside, server, code, check=False)
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
        another = f"s/ sha256=.*/ sha256={'0' * 64}/"
        damaged = inside.run(f'{script} | sed "{another}" | sh', check=False)
        assert "gururmm: the download is damaged" in damaged.stdout
        assert inside.run("ls /opt/gururmm-agent/versions 2>/dev/null; true").stdout == ""
        assert inside.run("ls -d /var/lib/gururmm-agent 2>/dev/null; true").stdout == ""


def test_where_programs_may_not_run_that_is_the_reason_given_and_nothing_stays(server: Server, tmp_path: Path) -> None:
    with container(tmp_path, systemd=False) as inside:
        inside.run("hostname noexec; mount -t tmpfs -o noexec,size=40m tmpfs /opt")
        refused = install(inside, server, server.new_code(), check=False)
        assert refused == (
            "gururmm: programs cannot be started from /opt/gururmm-agent: its file system is mounted noexec"
            " (mount -o remount,exec … allows it).\n"
        )
        nothing = "ls -A /opt; ls -d /var/lib/gururmm-agent 2>/dev/null; true"
        assert inside.run(nothing).stdout == ""
        # Nor is there room for the agent, once it may run.
        inside.run("mount -o remount,exec,size=8m /opt")
        refused = install(inside, server, server.new_code(), check=False)
        assert refused.splitlines()[-1] == (
            "gururmm: the agent could not be unpacked into /opt/gururmm-agent: is the file system full?"
        )
        assert inside.run(nothing).stdout == ""
        assert server.machine("noexec") is None


def test_two_installs_at_once_wait_for_each_other(server: Server, tmp_path: Path) -> None:
    with container(tmp_path, systemd=False) as inside:
        inside.run(f"hostname at-once; curl -sSL {server.url}/install/{server.new_code()}/linux.sh -o /root/linux.sh")
        both = "(sh /root/linux.sh; echo $?) >/root/1 2>&1 & (sh /root/linux.sh; echo $?) >/root/2 2>&1; wait"
        inside.run(both, timeout=120)
        said = [inside.run(f"cat /root/{number}").stdout for number in (1, 2)]
        assert [text.splitlines()[-1] for text in said] == ["0", "0"], said
        assert "".join(said).count("Another installation is under way here: waiting for it …") == 1
        comes_online(inside, server, "at-once")
        assert inside.run("pgrep -c gururmm-agent").stdout == "1\n"
        assert inside.run("ls /opt/gururmm-agent/versions | wc -l").stdout == "1\n"


def test_other_users_of_the_machine_do_not_read_the_code(server: Server, tmp_path: Path) -> None:
    """It stands in the download's address, which is no argument; `test_routes` looks at those of the agent."""
    with container(tmp_path, systemd=False) as inside:
        code = server.new_code()
        inside.run(f"hostname secretive; curl -sSL {server.url}/install/{code}/linux.sh -o /root/linux.sh")
        spy = '#!/bin/sh\\necho "$0 $*" >>/root/seen\\nexec /usr/bin/${0##*/} "$@"\\n'
        for tool in ("curl", "tar", "sha256sum", "mktemp", "rm", "sed", "nohup"):
            inside.run(f"printf '{spy}' >/usr/local/bin/{tool}; chmod 755 /usr/local/bin/{tool}")
        assert "the agent is a plain process" in inside.run("sh /root/linux.sh", timeout=120).stdout
        seen = inside.run("cat /root/seen").stdout
        assert "/usr/local/bin/curl -fsSL" in seen
        assert "/usr/local/bin/nohup /opt/gururmm-agent/current/gururmm-agent run" in seen
        assert code not in seen


def test_the_landing_page_is_public(server: Server) -> None:
    with urllib.request.urlopen(f"{server.url}/install/{server.new_code()}", timeout=10) as answer:
        assert "Northwind IT" in answer.read().decode()
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{server.url}/install/NO-SUCH-CODE", timeout=10)
