"""What `ports.Host` owes, on every system that has an adapter."""

from pathlib import Path

from gururmm_agent.adapters.ports import Host

from packages.agent.tests.contract.conftest import Kit


def test_a_file_is_held_by_one(kit: Kit, tmp_path: Path) -> None:
    host: Host = kit.adapters.host
    assert host.hold(tmp_path / "lock")
    assert not host.hold(tmp_path / "lock")
    assert host.hold(tmp_path / "another")
