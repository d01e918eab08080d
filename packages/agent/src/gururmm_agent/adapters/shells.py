"""Which interpreters a command may name, and how each is given its script."""

from typing import Final

from gururmm_agent.adapters.environment import find_program
from gururmm_agent.adapters.ports import Unsupported


class PosixShells:
    """`sh`, `bash` and `python3`, given the script as a file that only its owner can read."""

    names: Final = ("sh", "bash", "python3")

    def arguments(self, shell: str, script: str) -> list[str]:
        """See `ports.Shells`."""
        if shell not in self.names:
            raise Unsupported(f"this machine runs {', '.join(self.names)}, not {shell!r}")
        program = find_program(shell)
        if program is None:
            raise Unsupported(f"{shell} is not installed on this machine")
        return [program, script]

    def suffix(self, shell: str) -> str:
        """See `ports.Shells`: none is needed."""
        del shell
        return ""


class WindowsShells:
    """`powershell`, `cmd` and `python`, given the script as a file with the ending each expects."""

    names: Final = ("powershell", "cmd", "python")

    def arguments(self, shell: str, script: str) -> list[str]:
        """See `ports.Shells`."""
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
