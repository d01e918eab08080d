"""The agent as a process of Linux: what every Unix has, and the kernel's word on addresses and routes."""

import asyncio
import logging
import os
import socket
import subprocess
from collections.abc import Callable
from typing import Final

from gururmm_agent.adapters.linux.proc import boot_id
from gururmm_agent.adapters.linux.tools import ask_tool
from gururmm_agent.adapters.posix.host import PosixHost

_log = logging.getLogger(__name__)

_GROUPS: Final = 0x1 | 0x10 | 0x40 | 0x100 | 0x400
"""RTMGRP_LINK, and the addresses and routes of IPv4 and IPv6."""


class LinuxHost(PosixHost):
    """See `ports.Host`."""

    def __init__(self) -> None:
        super().__init__()
        self._kernel: socket.socket | None = None

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

    def on_network_change(self, changed: Callable[[], None]) -> None:
        """See `ports.Host`: by netlink. What it says is not read, only that it says something."""
        try:
            kernel = socket.socket(
                socket.AF_NETLINK,  # type: ignore[attr-defined,unused-ignore]
                socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC,
                0,
            )
            kernel.bind((0, _GROUPS))
        except OSError as error:
            _log.warning("changes of the network are noticed late, since netlink cannot be had: %s", error)
            return
        self._kernel = kernel

        def heard() -> None:
            try:
                while os.read(kernel.fileno(), 65536):
                    continue
            except OSError as error:  # that all is read; or that there was no room for all of it, a change as well
                _log.debug("netlink: %s", error)
            changed()

        asyncio.get_running_loop().add_reader(kernel, heard)
