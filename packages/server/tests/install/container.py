"""A Debian of its own for a test, with a real systemd as process 1 or without any. Needs root."""

import fcntl
import platform
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from packages.server.tests.waiting import wait_until

_CACHE = Path(__file__).parents[4] / ".build"
_WANTS_RESTART = 133
"""With this nspawn ends when process 1 has restarted the machine, and whoever started it is to do so again."""
_PACKAGES = "systemd,systemd-sysv,dbus,procps,curl"
_MACHINE = platform.freedesktop_os_release()
RELEASE = _MACHINE["VERSION_CODENAME"] if _MACHINE["ID"] == "debian" else "bookworm"
"""This machine's own: the agent's bundle runs where the C library is not older than where it was built."""


def root_filesystem(release: str = RELEASE) -> Path:
    """A minimal Debian, made once by debootstrap and kept in .build/; tests work on overlays of it."""
    _CACHE.mkdir(exist_ok=True)
    made = _CACHE / f"rootfs-{release}"
    with (_CACHE / "rootfs.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            # A folder of its own each time: what an interrupted try left behind may still have something mounted.
            unfinished = Path(tempfile.mkdtemp(prefix="rootfs-", dir=_CACHE))
            unfinished.chmod(0o755)
            subprocess.run(
                ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", release, unfinished],
                check=True,
                stdout=subprocess.DEVNULL,
                timeout=300,
            )
            unfinished.rename(made)
    return made


@contextmanager
def overlay(scratch: Path, release: str) -> Iterator[Path]:
    """A root filesystem whose changes stay in `scratch`."""
    folders = {name: scratch / name for name in ("upper", "work", "merged")}
    for folder in folders.values():
        folder.mkdir(parents=True)
    options = f"lowerdir={root_filesystem(release)},upperdir={folders['upper']},workdir={folders['work']}"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, folders["merged"]], check=True)
    try:
        yield folders["merged"]
    finally:
        subprocess.run(["umount", "--lazy", folders["merged"]], check=True)


class Container:
    """A running one. It shares the host's network, so a server on 127.0.0.1 is there too."""

    def __init__(self, start: "Callable[[], subprocess.Popen[bytes]]") -> None:
        self._start = start
        self.process = start()

    @property
    def _leader(self) -> int:
        """The pid, on the host, of the container's process 1."""
        return wait_until(lambda: _first_of_its_own(self.process.pid), 30)

    def started(self) -> None:
        """Wait until systemd has started everything."""
        wait_until(
            lambda: self.run("systemctl is-system-running", check=False).stdout.strip() in {"running", "degraded"}, 60
        )

    def restarted(self) -> None:
        """Wait until it has restarted, as something inside asked for."""
        assert self.process.wait(60) == _WANTS_RESTART
        self.process = self._start()
        self.started()

    def run(
        self, script: str, *, check: bool = True, timeout: float = 60, given: str | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """Run a shell script inside, with `given` as its input; its output, both kinds together."""
        source = {"stdin": subprocess.DEVNULL} if given is None else {"input": given}
        done = subprocess.run(
            ["nsenter", "-t", str(self._leader), "-m", "-u", "-i", "-n", "-p", "-C", "sh", "-c", script],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **source,  # type: ignore[call-overload]
            text=True,
            timeout=timeout,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout
        return done


def _first_of_its_own(parent: int) -> int | None:
    """The child that is process 1 of a namespace; on its way there nspawn has others for a moment."""
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        try:
            status = Path(f"/proc/{child}/status").read_text()
        except OSError:
            continue
        numbers = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()
        if len(numbers) > 2 and numbers[-1] == "1":
            return int(child)
    return None


@contextmanager
def container(scratch: Path, *, systemd: bool, release: str = RELEASE) -> Iterator[Container]:
    """Start one, and take it away with all that runs in it."""
    name = f"test{time.monotonic_ns()}"
    with overlay(scratch, release) as root, (scratch / "console").open("wb") as console:

        def start() -> "subprocess.Popen[bytes]":
            return subprocess.Popen(
                [
                    *("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--console=pipe"),
                    *("--link-journal=no", "-D", root, "-M", name),
                    *(["--boot"] if systemd else ["--as-pid2", "sleep", "600"]),
                ],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
            )

        inside = Container(start)
        try:
            if systemd:
                inside.started()
            else:
                # nspawn names it a moment after process 1 is there, and would take away a name that a test gave it.
                wait_until(lambda: inside.run("hostname").stdout.strip() == name, 30)
            yield inside
        finally:
            inside.process.terminate()
            try:
                inside.process.wait(20)
            except subprocess.TimeoutExpired:
                inside.process.kill()
                inside.process.wait()
