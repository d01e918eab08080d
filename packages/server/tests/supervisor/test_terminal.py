"""What the terminal tells the operator to type."""

import sys
from pathlib import Path

import pytest
from gururmm_server.entrypoints.supervisor.terminal import command_beside


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with the program in `.venv/bin`, and the shell in the checkout."""
    path = tmp_path / ".venv" / "bin" / "gururmm"
    path.parent.mkdir(parents=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    return path


def test_the_program_is_named_so_that_the_same_shell_finds_it(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for called in (".venv/bin/gururmm", str(program)):
        assert command_beside(called, "admin create", None, "") == ".venv/bin/gururmm admin create"
    monkeypatch.chdir(program.parent)
    assert command_beside("./gururmm", "admin create", None, "") == "./gururmm admin create"
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin")
    assert command_beside(str(program), "admin create", None, "") == "gururmm admin create"
    monkeypatch.setattr(sys, "executable", str(program.parent / "python"))
    module = command_beside("/somewhere/gururmm_server/__main__.py", "admin create", None, "")
    assert module == "./python -m gururmm_server admin create"


def test_what_is_not_as_usual_is_told_but_no_password(program: Path) -> None:
    said = command_beside(str(program), "admin create", Path("my data"), "postgresql://login:s3cret@db/gururmm?ssl=on")
    assert said == (
        ".venv/bin/gururmm admin create --data 'my data' --database-url 'postgresql://login:PASSWORD@db/gururmm?ssl=on'"
    )
    for url in (
        "postgresql://login:s3c@ret@db/x",
        "postgresql://[:s3cret@",
        "postgresql://db/x?password=s3cret&ssl=on",
    ):
        said = command_beside("gururmm", "x", None, url)
        assert "ret" not in said
        assert "PASSWORD" in said
    assert command_beside("gururmm", "x", None, "postgresql://db/gururmm").endswith("postgresql://db/gururmm")
