"""Pseudo-terminals on Linux."""

import asyncio
import contextlib
import fcntl
import os
import pwd
import signal
import struct
import subprocess
import termios
from typing import Final, Literal

from gururmm_agent.adapters.environment import child_environment, find_program
from gururmm_agent.adapters.linux.processes import LinuxProcesses
from gururmm_agent.adapters.ports import Pty, Unsupported

_ADOPT: Final = 'exec "$@" <"$0" >"$0" 2>&1'
"""Run by a new session leader: the terminal it opens becomes its controlling one. No code of ours runs after fork."""


class LinuxTerminals:
    """See `ports.Terminals`."""

    def __init__(self, processes: LinuxProcesses) -> None:
        self._processes = processes

    def open(self, *, shell: str, directory: str, columns: int, rows: int) -> Pty:
        """See `ports.Terminals`. `shell` is a name or a path; empty is the user's login shell."""
        program = _program(shell)
        environment = child_environment(TERM="xterm-256color", SHELL=program)
        for name in ("COLUMNS", "LINES"):
            environment.pop(name, None)
        master, slave = os.openpty()
        try:
            _set_size(master, columns, rows)
            process = subprocess.Popen(
                ["/bin/sh", "-c", _ADOPT, os.ttyname(slave), program, *_options(program)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                cwd=_directory(directory, environment["HOME"]),
                env=environment,
            )
        except BaseException:
            os.close(master)
            os.close(slave)
            raise
        os.set_blocking(master, False)
        return LinuxPty(program, process, master, slave, self._processes)


class LinuxPty:
    """See `ports.Pty`.

    The other side stays open here until the program has ended: while nobody holds it, as before the shell has opened
    it, reading fails as if all were over.
    """

    def __init__(
        self, program: str, process: subprocess.Popen[bytes], descriptor: int, slave: int, processes: LinuxProcesses
    ) -> None:
        self.program = program
        self.pid = process.pid
        self.descriptor = descriptor
        self._slave: int | None = slave
        self._process = process
        self._processes = processes

    def resize(self, columns: int, rows: int) -> None:
        with contextlib.suppress(OSError):  # the program has just ended; its size is no matter
            _set_size(self.descriptor, columns, rows)

    async def wait(self) -> int:
        code = await self._exit()
        self._close_slave()
        return code

    async def _exit(self) -> int:
        loop = asyncio.get_running_loop()
        if not hasattr(os, "pidfd_open"):
            return await loop.run_in_executor(None, self._process.wait)
        watched = os.pidfd_open(self.pid)
        ended: asyncio.Future[None] = loop.create_future()
        loop.add_reader(watched, _resolve, ended)
        try:
            await ended
        finally:
            loop.remove_reader(watched)
            os.close(watched)
        return self._process.wait()

    def signal_tree(self, how: Literal["hang_up", "kill"]) -> bool:
        alive = self._processes.tree(self.pid, None)
        for pid in alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGHUP if how == "hang_up" else signal.SIGKILL)
                if how == "hang_up":
                    os.kill(pid, signal.SIGCONT)
        return bool(alive)

    def release(self) -> None:
        self._close_slave()
        os.close(self.descriptor)

    def _close_slave(self) -> None:
        if self._slave is not None:
            os.close(self._slave)
            self._slave = None


def _resolve(ended: asyncio.Future[None]) -> None:
    if not ended.done():
        ended.set_result(None)


def _program(shell: str) -> str:
    if shell:
        program = shell if shell.startswith("/") else find_program(shell)
        if program is None or not os.access(program, os.X_OK):
            raise Unsupported(f"{shell} is not installed on this machine")
        return program
    try:
        login = pwd.getpwuid(os.getuid()).pw_shell
    except KeyError:
        login = ""
    if login and os.access(login, os.X_OK) and not login.endswith(("nologin", "false")):
        return login
    program = find_program("bash") or find_program("sh")
    if program is None:
        raise Unsupported("no shell is installed on this machine")
    return program


def _options(program: str) -> list[str]:
    """Shells start as login shells, so that profiles are read."""
    return ["-l"] if os.path.basename(program) in ("bash", "zsh", "fish", "ksh", "sh", "dash", "ash") else []  # noqa: PTH119


def _directory(wanted: str, home: str) -> str:
    for path in (wanted, home):
        if path and os.path.isdir(path):  # noqa: PTH112
            return path
    return "/"


def _set_size(descriptor: int, columns: int, rows: int) -> None:
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
