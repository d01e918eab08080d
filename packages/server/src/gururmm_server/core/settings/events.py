"""What happens to settings."""

from typing import ClassVar
from uuid import UUID

from gururmm_server.core.access.audience import Audience, who_may
from gururmm_server.core.events.event import Event
from gururmm_server.core.setting import Level
from gururmm_server.core.settings.permissions import SETTINGS_READ


class SettingsChanged(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "settings.changed"
    audience: ClassVar[Audience | None] = who_may(SETTINGS_READ)
    actor: str
    level: str
    titles: list[str]
    client_id: UUID | None = None
    site_id: UUID | None = None
    site_name: str = ""

    def sentence(self) -> str:
        what = ", ".join(self.titles)
        match self.level:
            case Level.SITE:
                return f"{self.actor} changed settings at {self.site_name}: {what}."
            case Level.PLATFORM:
                return f"The Platform changed settings for every Partner: {what}."
            case _:
                return f"{self.actor} changed settings: {what}."


EVENTS = (SettingsChanged,)
