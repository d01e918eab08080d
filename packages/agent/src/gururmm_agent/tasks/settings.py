"""The settings the server pushed: applied live, confirmed by version."""

import asyncio
import logging

from gururmm_wire.v2.agent import SettingsApplied
from gururmm_wire.v2.names import LOG_LEVELS
from gururmm_wire.v2.server import Settings

from gururmm_agent.link.uplink import Uplink

_log = logging.getLogger(__name__)


class LiveSettings:
    """The current settings, and a way to wait for the next ones."""

    def __init__(self, uplink: Uplink) -> None:
        self._uplink = uplink
        self.current = Settings()
        self._waiting: list[asyncio.Event] = []

    def changes(self) -> asyncio.Event:
        """An event that is set at every change; its owner clears it."""
        event = asyncio.Event()
        self._waiting.append(event)
        return event

    def apply(self, settings: Settings) -> None:
        """Run with these from now on, and say so."""
        changed = settings != self.current
        self.current = settings
        if settings.log_level in LOG_LEVELS:
            logging.getLogger().setLevel(settings.log_level)
        else:
            self._uplink.unknown.note("log level", settings.log_level)
        self._uplink.send(SettingsApplied(settings.version))
        if changed:
            _log.info("settings version %d apply", settings.version)
            for event in self._waiting:
                event.set()
