"""What happens to Partners, Clients and Sites."""

from typing import ClassVar
from uuid import UUID

from gururmm_server.core.access.audience import Audience, who_may
from gururmm_server.core.events.event import Event
from gururmm_server.core.settings.permissions import SETTINGS_READ
from gururmm_server.core.tenancy.permissions import SITES_READ


class TenantCreated(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "tenant.created"
    audience: ClassVar[Audience | None] = who_may(SETTINGS_READ)
    partner_name: str
    actor: str

    def sentence(self) -> str:
        return f"The Partner {self.partner_name} was created."


class ClientCreated(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "client.created"
    audience: ClassVar[Audience | None] = who_may(SITES_READ)
    client_id: UUID
    client_name: str
    actor: str
    called: str = "Client"
    """What the Partner calls a Client."""

    def sentence(self) -> str:
        return f"{self.actor} created the {self.called} {self.client_name}."


class SiteCreated(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "site.created"
    audience: ClassVar[Audience | None] = who_may(SITES_READ)
    site_id: UUID
    client_id: UUID
    site_name: str
    actor: str
    called: str = "Site"
    """What the Partner calls a Site."""

    def sentence(self) -> str:
        return f"{self.actor} created the {self.called} {self.site_name}."


EVENTS = (TenantCreated, ClientCreated, SiteCreated)
