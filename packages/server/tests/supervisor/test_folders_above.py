"""What is changed outside of the data folder is told. Needs root, whose PostgreSQL runs under another account."""

import re
import subprocess
from pathlib import Path

from gururmm_server.infra.embedded.data_dir import free_port

from packages.server.tests.supervisor.running import BIN


def test_each_folder_that_is_opened_for_passage_is_told_in_a_plain_sentence(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "d" / "postgres" / "cluster").mkdir(parents=True)  # without its secret: the start ends right after this
    closed.chmod(0o700)
    ports = ("--port", str(free_port(set())), "--gateway-port", "0")
    command = [BIN / "gururmm", "up", "--data", closed / "d", *ports]
    said = []
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert "\x1b" not in done.stdout + done.stderr
        said.append([line for line in done.stdout.splitlines() if f" {closed} " in line])
    assert closed.stat().st_mode & 0o777 == 0o701
    [[first], second] = said
    assert re.fullmatch(
        rf"[\d:]+  Changed the mode of {closed} from 0700 to 0701: others may pass through it, "
        r"not list or read it, because PostgreSQL runs as \S+\.",
        first,
    )
    assert second == []
