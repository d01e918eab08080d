"""The README's promise: Python, make and git are enough, and Python 3.13 is as good as 3.11, which this machine has.

Needs root, debootstrap and the registries.
"""

import subprocess
from pathlib import Path

import pytest

TRY = Path(__file__).parents[1] / "try"


@pytest.mark.takes(150)
@pytest.mark.timeout(1200)
def test_a_bare_debian_13_runs_the_demo_and_passes_tests_on_its_own_python() -> None:
    done = subprocess.run(
        ["nice", TRY, "13", "quick"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "As nobody: Python's venv module is missing: run 'apt-get install python3.13-venv' as root" in done.stdout
    assert "Debian GNU/Linux 13 (trixie), Python 3.13." in done.stdout
    assert "Stopped. The data is kept." in done.stdout
    assert " passed in " in done.stdout
