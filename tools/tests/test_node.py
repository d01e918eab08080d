"""The dashboard is built and checked on the Node that the set-up brings, whatever the machine has."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PINNED = dict(re.findall(r"^(\w+_VERSION) := ([\d.]+)$", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.fixture
def another_node(tmp_path: Path) -> dict[str, str]:
    """A machine whose own node, npm and pnpm come first and can't be used."""
    for name in ("node", "npm", "npx", "pnpm", "corepack"):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\necho 'the machine has another {name}'; exit 9\n")
        program.chmod(0o755)
    return os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}


@pytest.mark.parametrize(
    "command",
    [
        ["tools/setup/pnpm", "--dir", "dashboard", "exec", "node", "--version"],
        ["tools/setup/pnpm", "--dir", "dashboard", "exec", "sh", "-c", "vite --version | sed 's/.*node-//'"],
        ["tools/setup/npm", "exec", "--offline", "-c", "node --version"],
    ],
)
def test_what_the_set_up_starts_runs_on_its_own_node(command: list[str], another_node: dict[str, str]) -> None:
    done = subprocess.run(command, cwd=ROOT, env=another_node, capture_output=True, text=True, check=False)
    assert done.stdout.strip().split() == [f"v{PINNED['NODE_VERSION']}"], done.stdout + done.stderr
