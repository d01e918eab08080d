"""Services start in layers, come back when they die, and leave nothing when they are stopped."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from gururmm_server.entrypoints.supervisor.child import adopt_orphans
from gururmm_server.entrypoints.supervisor.service import Service, State
from gururmm_server.entrypoints.supervisor.supervisor import Supervisor, run_once
from gururmm_server.infra.embedded.data_dir import DataDir
from gururmm_server.infra.errors import StartError

from packages.server.tests.supervisor.services import is_alive, python, spec
from packages.server.tests.waiting import until

_SERVE = "ready.touch(); time.sleep(600)"


@pytest.fixture
async def supervisor(tmp_path: Path) -> AsyncIterator[Supervisor]:
    data = DataDir(tmp_path / "data")
    data.prepare()
    clock = asyncio.get_running_loop().time
    changes: list[tuple[str, State, float]] = []
    running = Supervisor(data, lambda service: changes.append((service.spec.name, service.state, clock())))
    running.changes = changes  # type: ignore[attr-defined]
    yield running
    await running.stop()
    data.release()


def _service(supervisor: Supervisor, name: str) -> Service:
    return supervisor.service(name)


async def test_a_killed_service_is_back_at_once(supervisor: Supervisor, tmp_path: Path) -> None:
    await supervisor.start(spec("one", _SERVE, tmp_path), spec("two", _SERVE, tmp_path))
    first = supervisor.pids()
    assert set(first) == {"one", "two"}
    os.kill(first["one"], signal.SIGKILL)
    await until(lambda: supervisor.pids().get("one") not in {None, first["one"]})
    await until(lambda: _service(supervisor, "one").state is State.READY)
    assert supervisor.pids()["two"] == first["two"]
    assert _service(supervisor, "one").restarts == 1


async def test_one_that_keeps_dying_is_started_more_and_more_slowly(supervisor: Supervisor, tmp_path: Path) -> None:
    dying = "ready.touch()\nwhile not pathlib.Path('die').exists(): time.sleep(0.01)\nsys.exit(3)"
    await supervisor.start(spec("one", dying, tmp_path, restart_delay_s=0.04))
    (tmp_path / "die").touch()
    await until(lambda: _service(supervisor, "one").restarts == 4, 30)
    changes: list[tuple[str, State, float]] = supervisor.changes  # type: ignore[attr-defined]
    down = [at for _, state, at in changes if state is State.DOWN]
    again = [at for _, state, at in changes if state is State.STARTING][1:]
    waited = [start - end for end, start in zip(down, again, strict=False)]
    assert all(time > delay * 0.99 for time, delay in zip(waited, (0.04, 0.08, 0.16, 0.32), strict=False)), waited
    assert _service(supervisor, "one").last_exit == 3


async def test_what_cannot_start_says_its_own_sentence(supervisor: Supervisor, tmp_path: Path) -> None:
    dying = spec("one", "sys.exit('gururmm: The thing is missing: bring it.')", tmp_path)
    with pytest.raises(StartError, match=r"^The thing is missing: bring it\.$"):
        await supervisor.start(dying, spec("two", _SERVE, tmp_path))
    with pytest.raises(StartError, match="could not start: ValueError: no idea"):
        await supervisor.start(spec("three", "raise ValueError('no idea')", tmp_path))


async def test_one_that_never_gets_ready_says_where_to_look(supervisor: Supervisor, tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"not ready after 0 s: see .*one\.log"):
        await supervisor.start(spec("one", "time.sleep(600)", tmp_path, start_limit_s=0.3))


async def test_stopping_takes_stubborn_ones_their_children_and_daemons(supervisor: Supervisor, tmp_path: Path) -> None:
    adopt_orphans()
    stubborn = """
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = subprocess.Popen(["sleep", "600"])
        daemon = subprocess.Popen(["setsid", "--fork", "sh", "-c", "echo $$ > daemon.pid; exec sleep 600"])
        daemon.wait()
        pathlib.Path("child.pid").write_text(str(child.pid))
        ready.touch()
        time.sleep(600)
    """
    await supervisor.start(spec("one", textwrap.dedent(stubborn), tmp_path, stop_limit_s=0.3))
    read = lambda name: (tmp_path / name).exists() and (tmp_path / name).read_text().strip()  # noqa: E731
    pids = [int(await until(lambda name=name: read(name))) for name in ("child.pid", "daemon.pid")]
    pids += supervisor.pids().values()
    assert all(is_alive(pid) for pid in pids)
    await supervisor.stop()
    assert not [pid for pid in pids if is_alive(pid)]


async def test_layers_stop_in_reverse(supervisor: Supervisor, tmp_path: Path) -> None:
    await supervisor.start(spec("first", _SERVE, tmp_path))
    await supervisor.start(spec("second", _SERVE, tmp_path))
    await supervisor.stop()
    changes: list[tuple[str, State, float]] = supervisor.changes  # type: ignore[attr-defined]
    assert [name for name, state, _ in changes if state is State.STOPPED] == ["second", "first"]


async def test_children_die_with_a_killed_supervisor(tmp_path: Path) -> None:
    code = f"""
        import asyncio, sys
        from pathlib import Path
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from gururmm_server.entrypoints.supervisor.supervisor import Supervisor
        from gururmm_server.infra.embedded.data_dir import DataDir
        from services import spec
        async def main():
            data = DataDir(Path("data")); data.prepare()
            supervisor = Supervisor(data, lambda service: None)
            await supervisor.start(spec("one", "ready.touch(); time.sleep(600)", Path.cwd()))
            print(supervisor.pids()["one"], flush=True)
            await asyncio.sleep(600)
        asyncio.run(main())
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert is_alive(pid)
        process.kill()
        process.wait()
    await until(lambda: not is_alive(pid))


async def test_a_command_that_runs_once_gives_its_output_or_its_sentence(tmp_path: Path) -> None:
    good = python("import sys; print('out'); print('err', file=sys.stderr)", tmp_path)
    assert await run_once(good, "The check", tmp_path) == "out\n"
    with pytest.raises(StartError, match=r"^Do this\.$"):
        await run_once(python("raise SystemExit('gururmm: Do this.')", tmp_path), "The check", tmp_path)
