"""What this Linux machine is: the sections of the inventory, each from its own file here."""

import os
import socket

from gururmm_agent.adapters.linux.proc import try_read
from gururmm_agent.adapters.linux.system import operating_system_line, system_items
from gururmm_agent.adapters.patience import Patience
from gururmm_agent.adapters.ports import Items


class LinuxInventory:
    """See `ports.Inventory`. Modules of single sections are imported when first asked for, in the collecting thread."""

    def __init__(self) -> None:
        self._patience = Patience()

    def hostname(self) -> str:
        return socket.gethostname()

    def machine_id(self) -> str:
        return try_read("/etc/machine-id") or try_read("/var/lib/dbus/machine-id") or ""

    def operating_system(self) -> str:
        return operating_system_line()

    def architecture(self) -> str:
        return os.uname().machine

    def collect(self, section: str) -> Items:
        if section == "system":
            return system_items(self.machine_id())
        if section == "hardware":
            from gururmm_agent.adapters.linux.hardware import hardware_items

            return hardware_items()
        if section == "disks":
            from gururmm_agent.adapters.linux.disks import disk_items

            return disk_items(self._patience)
        if section == "network":
            from gururmm_agent.adapters.linux.network import network_items

            return network_items()
        if section == "users":
            from gururmm_agent.adapters.linux.users import user_items

            return user_items()
        if section == "software":
            from gururmm_agent.adapters.linux.software import software_items

            return software_items()
        from gururmm_agent.adapters.linux.temperatures import TemperatureSources
        from gururmm_agent.adapters.temperature_items import temperature_items

        return temperature_items(*TemperatureSources().read())

    def smart(self) -> Items:
        from gururmm_agent.adapters.linux.disks import smart_items

        return smart_items()
