"""How the tests are spread over workers (`pytest -n auto`), each of which has engines of its own.

What needs one thing that is there once (a running product, a container) shares a worker by the mark `xdist_group`. What
takes long says so by the mark `takes`, and starts first, so that no worker is left alone with it at the end.
"""

import os
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

BYTECODE = Path(__file__).parent / ".build" / "bytecode"
# Where Python is told to write none beside the sources, each process that tests start would compile everything anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(BYTECODE)
sys.dont_write_bytecode = False


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: a good part of the tests waits for processes, timers and sockets."""
    return len(os.sched_getaffinity(0)) + 1


@pytest.hookimpl(wrapper=True)
def pytest_cmdline_main(config: pytest.Config) -> Iterator[object]:
    """Give the run a folder of its own: a second run would close pytest's to others, and PostgreSQL's user is one."""
    if config.option.basetemp is not None or hasattr(config, "workerinput"):
        return (yield)
    config.option.basetemp = tempfile.mkdtemp(prefix="gururmm-pytest-")
    try:
        return (yield)
    finally:
        for folder in (config.option.basetemp, f"{BYTECODE}{config.option.basetemp}"):
            shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Make PostgreSQL's account before there are workers, which would all make it at the same moment."""
    if session.config.getoption("numprocesses"):
        from gururmm_server.infra.embedded.account import unprivileged_account

        unprivileged_account()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Among several workers, put the longest first: whole groups, each in its own order."""
    if not hasattr(config, "workerinput"):
        return
    if config.getoption("loadgroup"):
        lost = [item.nodeid for item in items if item.get_closest_marker("xdist_group") and "@" not in item.nodeid]
        assert not lost, f"this pytest and this pytest-xdist don't keep groups together: {lost[0]}"
    takes: defaultdict[str, float] = defaultdict(float)
    for item in items:
        for mark in item.iter_markers("takes"):
            takes[_group(item)] += mark.args[0]
    items.sort(key=lambda item: -takes[_group(item)])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say what tests have to tell of themselves: `record_property("summary", …)`."""
    for report in [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]:
        for name, value in report.user_properties if report.when == "call" else ():
            if name == "summary":
                terminalreporter.write_line(str(value))


def _group(item: pytest.Item) -> str:
    mark = item.get_closest_marker("xdist_group")
    return f"@{mark.args[0] if mark.args else mark.kwargs['name']}" if mark else item.nodeid
