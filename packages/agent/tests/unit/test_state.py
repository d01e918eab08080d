"""The state directory."""

from pathlib import Path

import pytest
from gururmm_agent.errors import AlreadyRunning
from gururmm_agent.state import StateDirectory

from packages.agent.tests.scripted import System


def test_what_is_in_it_is_found_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert StateDirectory(Path("state")).directory("commands") == tmp_path / "state" / "commands"


def test_one_process_holds_it(tmp_path: Path) -> None:
    host = System().adapters().host
    StateDirectory(tmp_path).lock(host)
    with pytest.raises(AlreadyRunning):
        StateDirectory(tmp_path).lock(host)
