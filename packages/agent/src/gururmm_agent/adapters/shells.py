"""Which interpreters a command may name, and how each is given its script."""

import os
from typing import Final

from gururmm_agent.adapters.environment import child_environment, find_program
from gururmm_agent.adapters.ports import Unsupported


class PosixShells:
    """`sh`, `bash` and `python3`, given the script as a file that only its owner can read."""

    names: Final = ("sh", "bash", "python3")

    def environment(self) -> dict[str, str]:
        """See `ports.Shells`."""
        return child_environment(PYTHONUNBUFFERED="1")

    def known_environment(self) -> dict[str, str] | None:
        """See `ports.Shells`."""
        return self.environment()

    def text(self, script: str) -> str:
        """See `ports.Shells`: no mark of Unicode at the beginning, and lines end in LF alone."""
        return script.removeprefix("\ufeff").replace("\r\n", "\n")

    def arguments(self, shell: str, script: str, text: str, environment: dict[str, str]) -> list[str]:
        """See `ports.Shells`. A script that names its interpreter is run by that, whatever `shell` is."""
        if shell not in self.names:
            raise Unsupported(f"this machine runs {', '.join(self.names)}, not {shell!r}")
        if text.startswith("#!"):
            return [*_own_interpreter(text), script]
        program = find_program(shell, environment)
        if program is None:
            raise Unsupported(f"{shell} is not installed on this machine")
        return [program, script]

    def suffix(self, shell: str) -> str:
        """See `ports.Shells`: none is needed."""
        del shell
        return ""


def _own_interpreter(text: str) -> list[str]:
    """As the kernel reads the first line: a program, and the rest as one argument. Raises `Unsupported`."""
    program, *rest = text[2:].split("\n", 1)[0].strip().split(maxsplit=1) or [""]
    if not program.startswith("/"):
        raise Unsupported(f"the script's first line names no program by its path: #!{program}")
    if not os.access(program, os.X_OK):
        raise Unsupported(f"the script is for {program}, which is not on this machine")
    return [program, *rest]


class WindowsShells:
    """`powershell`, `cmd` and `python`, given the script as a file with the ending each expects."""

    names: Final = ("powershell", "cmd", "python")

    def environment(self) -> dict[str, str]:
        """See `ports.Shells`."""
        return child_environment(PYTHONUNBUFFERED="1")

    def known_environment(self) -> dict[str, str] | None:
        """See `ports.Shells`."""
        return self.environment()

    def text(self, script: str) -> str:
        """See `ports.Shells`."""
        return script

    def arguments(self, shell: str, script: str, text: str, environment: dict[str, str]) -> list[str]:
        """See `ports.Shells`."""
        del text, environment
        if shell == "powershell":
            return ["powershell.exe", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-File", script]
        if shell == "cmd":
            return ["cmd.exe", "/d", "/c", script]
        if shell == "python":
            return ["python.exe", script]
        raise Unsupported(f"this machine runs {', '.join(self.names)}, not {shell!r}")

    def suffix(self, shell: str) -> str:
        """See `ports.Shells`."""
        return {"powershell": ".ps1", "cmd": ".cmd"}.get(shell, ".py")
