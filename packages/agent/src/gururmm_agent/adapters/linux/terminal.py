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
from typing import Final

from gururmm_agent.adapters.ending import end_all
from gururmm_agent.adapters.environment import child_environment, find_program
from gururmm_agent.adapters.linux.proc import try_read
from gururmm_agent.adapters.linux.processes import LinuxProcesses
from gururmm_agent.adapters.linux.pty_streams import Input, Output
from gururmm_agent.adapters.ports import Terminal, Unsupported
from gururmm_agent.adapters.posix.processes import exited, hand_on_no_deafness, hang_up, kill

_KILLED_S: Final = 1.0
"""So long may the end of a killed program take to be heard of; it never comes from one that cannot be killed."""
_ADOPT: Final = 'exec "$@" <"$0" >"$0" 2>&1'
"""Run by a new session leader: the terminal it opens becomes its controlling one. No code of ours runs after fork."""


class LinuxTerminals:
    """See `ports.Terminals`."""

    def __init__(self, processes: LinuxProcesses) -> None:
        self._processes = processes

    def open(self, *, shell: str, directory: str, columns: int, rows: int) -> Terminal:
        """See `ports.Terminals`. `shell` is a name or a path; empty is the user's login shell."""
        program = _program(shell)
        hand_on_no_deafness()
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
        return LinuxTerminal(program, process, master, slave, self._processes)


class LinuxTerminal:
    """See `ports.Terminal`.

    The other side stays open here until the program has ended: while nobody holds it, as before the shell has opened
    it, reading fails as if all were over.
    """

    def __init__(
        self, program: str, process: subprocess.Popen[bytes], master: int, slave: int, processes: LinuxProcesses
    ) -> None:
        self.program = program
        self._loop = asyncio.get_running_loop()
        self._process = process
        self._processes = processes
        self._output = Output(master, self._loop)
        self._input = Input(master, self._loop)
        self._master: int | None = master
        self._slave: int | None = slave
        self._exit: asyncio.Task[int] = self._loop.create_task(self._watch())

    async def read(self, most: int) -> bytes:
        """See `ports.Terminal`."""
        return await self._output.read(most)

    def write(self, data: bytes) -> bool:
        """See `ports.Terminal`."""
        return self._input.write(data)

    async def drain(self) -> bool:
        """See `ports.Terminal`."""
        return await self._input.drain()

    def resize(self, columns: int, rows: int) -> None:
        """See `ports.Terminal`."""
        if self._master is not None:
            with contextlib.suppress(OSError):  # the program has just ended; its size is no matter
                _set_size(self._master, columns, rows)

    async def wait(self) -> int:
        """See `ports.Terminal`."""
        return await asyncio.shield(self._exit)

    async def end(self, grace_s: float) -> None:
        """See `ports.Terminal`. After the program's own end its pid may be another's: then nothing is signalled.

        As when a line is cut: the shell is told, and it tells those of its jobs that it is to tell (bash's `disown`
        takes one out of these). What ignores a hang-up, as `nohup` makes it, was started to go on.
        """
        if self._exit.done():
            return
        foreground = self._foreground()
        hang_up(self._members(foreground))
        await asyncio.wait((self._exit,), timeout=grace_s)
        await end_all(lambda: self._stubborn(foreground), kill, kill, 0)
        await asyncio.wait((self._exit,), timeout=_KILLED_S)

    def close(self) -> None:
        """See `ports.Terminal`."""
        self._output.close()
        self._input.close()
        self._close_slave()
        if self._master is not None:
            os.close(self._master)
            self._master = None

    def _foreground(self) -> int | None:
        """Returns the process group that has the terminal now."""
        if self._master is None:
            return None
        try:
            return os.tcgetpgrp(self._master)
        except OSError:
            return None

    def _members(self, foreground: int | None) -> list[int]:
        """Returns what is alive of the shell's own process group and of the one that has the terminal."""
        groups = {self._process.pid, foreground}
        return [pid for pid in self._processes.tree(self._process.pid) if _group_of(pid) in groups]

    def _stubborn(self, foreground: int | None) -> list[int]:
        """Returns those members that are to be killed."""
        own = self._process.pid
        return [pid for pid in self._members(foreground) if _group_of(pid) == own or not _ignores_hanging_up(pid)]

    async def _watch(self) -> int:
        """Returns the exit code, and from then on lets reading come to an end."""
        await exited(self._process)
        code = self._process.wait()
        self._close_slave()
        self._output.program_ended()
        return code

    def _close_slave(self) -> None:
        if self._slave is not None:
            os.close(self._slave)
            self._slave = None


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except OSError:  # it has just ended
        return None


def _ignores_hanging_up(pid: int) -> bool:
    for line in (try_read(f"/proc/{pid}/status") or "").splitlines():
        name, _, mask = line.partition(":")
        if name == "SigIgn":
            return bool(int(mask, 16) & 1 << signal.SIGHUP - 1)
    return False


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
