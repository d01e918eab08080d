"""Linux: everything from /proc, /sys and the package manager's own tools; no library beside the standard one.

Tried on Debian 12. NVIDIA temperatures (libnvidia-ml) and SMART (smartctl) follow their documented interfaces and
have not met the hardware yet.
"""

from gururmm_agent.adapters.linux.inventory import LinuxInventory
from gururmm_agent.adapters.linux.processes import LinuxProcesses
from gururmm_agent.adapters.linux.readings import LinuxReadings
from gururmm_agent.adapters.linux.terminal import LinuxTerminals
from gururmm_agent.adapters.ports import Adapters
from gururmm_agent.adapters.posix.host import PosixHost
from gururmm_agent.adapters.shells import PosixShells


def adapters() -> Adapters:
    """The Linux adapters."""
    processes = LinuxProcesses()
    return Adapters(
        name="linux",
        readings=LinuxReadings(),
        inventory=LinuxInventory(),
        processes=processes,
        shells=PosixShells(),
        terminals=LinuxTerminals(processes),
        host=PosixHost(),
    )
