"""Linux: everything from /proc, /sys and the package manager's own tools; no library beside the standard one.

Tried on Debian 12. NVIDIA temperatures (libnvidia-ml) and SMART (smartctl) follow their documented interfaces and
have not met the hardware yet.
"""

from gururmm_agent.adapters.linux.host import LinuxHost
from gururmm_agent.adapters.linux.inventory import LinuxInventory
from gururmm_agent.adapters.linux.processes import LinuxProcesses
from gururmm_agent.adapters.linux.readings import LinuxReadings
from gururmm_agent.adapters.linux.shells import LinuxShells
from gururmm_agent.adapters.linux.terminal import LinuxTerminals
from gururmm_agent.adapters.ports import Adapters


def adapters() -> Adapters:
    """The Linux adapters."""
    processes = LinuxProcesses()
    return Adapters(
        name="linux",
        readings=LinuxReadings(),
        inventory=LinuxInventory(),
        processes=processes,
        shells=LinuxShells(),
        terminals=LinuxTerminals(processes),
        host=LinuxHost(),
    )
