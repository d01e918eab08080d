"""An engine that can't start: the sentence gives its reason. Needs root, for mounts that nobody else sees."""

import re
import subprocess
from pathlib import Path

import pytest
from gururmm_server.infra.embedded.data_dir import free_port

from packages.server.tests.supervisor.running import BIN


def _said(data: Path, before: str) -> str:
    """The sentence of `gururmm up`, where `before` was done to its data folder and to what is mounted."""
    script = f'set -e\ncd "$1"\n{before}\nshift\nexec "$@"'
    command = [BIN / "gururmm", "up", "--data", data, "--port", str(free_port(set())), "--gateway-port", "0"]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", data, *command],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stderr.removesuffix("\n").removeprefix("gururmm: ")


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        pytest.param(
            "mount -t tmpfs -o mode=755 tmpfs /dev/shm",
            r'PostgreSQL could not start: FATAL: could not open shared memory segment "[^"]+": Permission denied\. '
            r"All that it said is in {data}/log/postgres\.log\.",
            id="shared-memory-that-cannot-be-written",
        ),
        pytest.param(
            "mkdir -p postgres/cluster.new && mount -t tmpfs -o size=8m,mode=755 tmpfs postgres",
            r"PostgreSQL's folder {data}/postgres/cluster could not be made: "
            r'FATAL: could not write to file "[^"]+": No space left on device\. '
            r"Check that the disk has room and that the folder can be written\.",
            id="no-room-for-the-cluster",
        ),
    ],
)
@pytest.mark.takes(5)
def test_the_sentence_gives_the_reason_and_not_the_end(tmp_path: Path, before: str, sentence: str) -> None:
    data = tmp_path / "d"
    data.mkdir()
    said = _said(data, before)
    assert re.fullmatch(sentence.format(data=re.escape(str(data))), said), said
