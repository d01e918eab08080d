"""Which commands are why the agent or its machine ends."""

import pytest
from gururmm_agent.tasks.own_end import ends_agent, ends_machine


@pytest.mark.parametrize(
    ("script", "running"),
    [
        ("systemctl restart gururmm-agent", [["sh", "script"], ["systemctl", "restart", "gururmm-agent"]]),
        ("/root/tidy.sh", [["/bin/sh", "/root/tidy.sh"], ["/usr/bin/systemctl", "stop", "gururmm-agent.service"]]),
        ("curl -sSL https://rmm.example.org/install/AB-CD/linux.sh | sudo sh -s -- --uninstall", [["sh"]]),
    ],
)
def test_of_the_agent(script: str, running: list[list[str]]) -> None:
    assert ends_agent(script, running)
    assert not ends_machine(script, running)


@pytest.mark.parametrize(
    ("script", "running"),
    [
        ("apt-get -y upgrade; reboot", [["sh", "script"]]),
        ("/root/maintenance.sh", [["sh"], ["/sbin/reboot"]]),
        ("x", [["systemctl", "--no-wall", "poweroff"]]),
        ("init 6", []),
        ("shutdown -r now && sleep 60", []),
    ],
)
def test_of_the_machine(script: str, running: list[list[str]]) -> None:
    assert ends_machine(script, running)
    assert not ends_agent(script, running)


@pytest.mark.parametrize(
    ("script", "running"),
    [
        ("sleep 60", [["sh", "script"], ["sleep", "60"]]),
        ("journalctl -u gururmm-agent -f", [["journalctl", "-u", "gururmm-agent", "-f"]]),
        ("systemctl restart nginx", [["systemctl", "restart", "nginx"]]),
        ("initdb 6", [[]]),
    ],
)
def test_of_neither(script: str, running: list[list[str]]) -> None:
    assert not ends_agent(script, running)
    assert not ends_machine(script, running)
