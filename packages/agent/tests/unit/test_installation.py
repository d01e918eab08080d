"""What the agent takes away of itself: its own installation and nothing else."""

from pathlib import Path

import pytest
from gururmm_agent.adapters.posix import installation


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, Path]:
    base, state = tmp_path / "opt", tmp_path / "state"
    program = base / "versions" / "1-abc" / "gururmm-agent"
    program.parent.mkdir(parents=True)
    program.touch()
    (base / "current").symlink_to("versions/1-abc")
    state.mkdir()
    (state / "identity.json").touch()
    unit = tmp_path / "gururmm-agent-of-a-test.service"
    unit.write_text(f"[Service]\nExecStart={base}/current/gururmm-agent run --state-dir {state}\n")
    return {"base": base, "state": state, "program": base / "current" / "gururmm-agent", "unit": unit}


def test_unit_state_and_program_go(installed: dict[str, Path]) -> None:
    installation.take_away(installed["state"], installed["program"], installed["unit"])
    assert not any(installed[name].exists() for name in ("base", "state", "unit"))


def test_another_installations_unit_stays(installed: dict[str, Path]) -> None:
    installed["unit"].write_text("[Service]\nExecStart=/opt/other/current/gururmm-agent run\n")
    installation.take_away(installed["state"], installed["program"], installed["unit"])
    assert installed["unit"].exists()
    assert not installed["base"].exists()


def test_a_program_that_no_installer_put_there_stays(installed: dict[str, Path], tmp_path: Path) -> None:
    own = tmp_path / "venv" / "bin" / "python3"
    own.parent.mkdir(parents=True)
    own.touch()
    installation.take_away(installed["state"], own, installed["unit"])
    assert own.exists()
    assert installed["base"].exists()
    assert installed["unit"].exists()
    assert not installed["state"].exists()
    installation.take_away(installed["state"], own, installed["unit"])  # again is no error
