"""Every import contract is kept, and each breaks on a planted violation."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
MEMBERS = ("packages/wire", "packages/server", "packages/agent", "bench")

PLANTED = [
    ("Server, agent and bench never import each other", "agent:state.py", "import gururmm_server.settings"),
    ("Server layers", "server:infra/clock.py", "import gururmm_server.core.events.event"),
    ("Server layers", "server:utils.py", "import os"),
    ("Inside a core component", "server:core/fleet/_repository.py", "import gururmm_server.core.fleet.service"),
    ("Inside a core component", "server:core/telemetry/ingest.py", "import gururmm_server.core.telemetry.routes"),
    ("Inside a core component", "server:core/platform/service.py", "import gururmm_server.core.identity.routes"),
    ("Inside a core component", "server:core/commands/schemas.py", "import gururmm_server.core.commands._repository"),
    ("Inside a core component", "server:core/presence/session.py", "import gururmm_server.core.presence.gateways"),
    ("Core components form no cycle", "server:core/identity/principal.py", "import gururmm_server.core.tunnel.service"),
    ("Only infra touches the database driver", "server:core/agents/service.py", "import asyncpg"),
    ("Only infra touches the message broker's library", "server:core/agents/service.py", "import nats"),
    ("Only detect imports an operating system's adapter", "agent:app.py", "import gururmm_agent.adapters.linux"),
    ("Only a Unix's adapter imports what Unixes share", "agent:app.py", "import gururmm_agent.adapters.posix.host"),
    *(
        ("The agent's core runs on every system", f"agent:{file}", line)
        for file, line in (
            ("files.py", "import fcntl"),
            ("state.py", "from pwd import getpwuid"),
            ("tasks/commands.py", "os.kill(1, 9)"),
            ("tasks/folders.py", "from os import statvfs"),
            ("app.py", "import signal"),
            ("app.py", "lambda: asyncio.get_running_loop().add_signal_handler"),
            ("tunnel/channels/terminal.py", "lambda: asyncio.get_running_loop().add_reader"),
            ("adapters/portable.py", "socket.AF_UNIX"),
        )
    ),
    ("The wire knows no network and no files", "wire:codec.py", "import socket"),
    (
        "An underscore means private to the folder",
        "server:core/commands/service.py",
        "import gururmm_server.core.agents._repository",
    ),
    ("Shipped code never imports tests", "server:settings.py", "import pytest"),
]


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    """Run the contracts on a tree, without a cache."""
    path = os.pathsep.join([str(tree), *(str(tree / member / "src") for member in MEMBERS)])
    return subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": path, "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of everything that the contracts look at."""
    for member in MEMBERS:
        shutil.copytree(ROOT / member / "src", tmp_path / member / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tools", tmp_path / "tools", ignore=shutil.ignore_patterns("__pycache__", "setup"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


def test_the_contracts_are_kept(tree: Path) -> None:
    done = lint(tree)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("contract", "file", "line"), PLANTED, ids=[f"{name} ({line})" for name, _, line in PLANTED])
def test_a_planted_violation_breaks_its_contract(tree: Path, contract: str, file: str, line: str) -> None:
    package, _, name = file.partition(":")
    target = tree / "packages" / package / "src" / f"gururmm_{package}" / name
    text = target.read_text(encoding="utf-8") if target.exists() else '"""Planted."""\n'
    target.write_text(f"{text}\n{line}  # planted\n", encoding="utf-8")
    done = lint(tree)
    assert done.returncode != 0
    assert f"{contract} BROKEN" in done.stdout
