"""Commands that end the agent or the machine they run on: what they ask for is no interruption."""

import re
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Final

_MACHINE: Final = frozenset({"reboot", "shutdown", "poweroff", "halt", "kexec", "init", "telinit"})
_MANAGER_OF_MACHINE: Final = frozenset(
    {"reboot", "poweroff", "halt", "kexec", "soft-reboot", "rescue", "emergency", "isolate"}
)
_MANAGERS: Final = frozenset({"systemctl", "service", "rc-service", "initctl", "sv", "busctl"})
_MACHINE_WORDS: Final = re.compile(r"\b(reboot|shutdown|poweroff|halt|kexec|(tel)?init\s+[06])\b")
_INSTALLER: Final = re.compile(r"/install/\S+/linux\.sh")
_SERVICE: Final = "gururmm-agent"


def ends_agent(script: str, running: Iterable[Sequence[str]]) -> bool:
    """Tells whether a command is about to stop this agent, or to take it away.

    `running`: what the processes of the command are called with, just now, when the agent is told to stop.
    """
    return bool(_INSTALLER.search(script)) or any(
        _program(arguments) in _MANAGERS and any(_SERVICE in argument for argument in arguments[1:])
        for arguments in running
    )


def ends_machine(script: str, running: Iterable[Sequence[str]]) -> bool:
    """Tells whether a command asks for the end or the restart of the machine, which just now goes down."""
    return bool(_MACHINE_WORDS.search(script)) or any(
        _program(arguments) in _MACHINE
        or (_program(arguments) in _MANAGERS and not _MANAGER_OF_MACHINE.isdisjoint(arguments[1:]))
        for arguments in running
    )


def _program(arguments: Sequence[str]) -> str:
    return PurePath(arguments[0]).name if arguments else ""
