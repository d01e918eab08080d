"""The agent as a process of Linux."""

import subprocess

from gururmm_agent.adapters.linux.proc import boot_id
from gururmm_agent.adapters.linux.tools import ask_tool
from gururmm_agent.adapters.posix.host import PosixHost


class LinuxHost(PosixHost):
    """See `ports.Host`."""

    def boot(self) -> str:
        """See `ports.Host`."""
        return boot_id()

    def goes_down(self) -> bool:
        """See `ports.Host`: systemd says it."""
        try:
            state = ask_tool("systemctl", "is-system-running", timeout_s=1)
        except (OSError, subprocess.SubprocessError):
            return False
        return state is not None and state.strip() == "stopping"
