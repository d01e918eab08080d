"""Every event of the core: name `noun.what_is_now_true`, a version, and fields that are only added.

The envelope on the bus (`infra.outbox.Envelope`) carries id, tenant and moment. `actor` is the e-mail of the person
who caused it, where a person did.
"""

from typing import ClassVar
from uuid import UUID

import msgspec

from gururmm_server.core.access.audience import Audience


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all events."""

    name: ClassVar[str]
    version: ClassVar[int] = 1
    audience: ClassVar[Audience | None] = None
    """Who may read of it; a kind that declares nobody is shown to nobody."""


class TenantCreated(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "tenant.created"
    audience: ClassVar[Audience | None] = Audience("settings.read")
    partner_name: str
    actor: str


class ClientCreated(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "client.created"
    audience: ClassVar[Audience | None] = Audience("sites.read")
    client_id: UUID
    client_name: str
    actor: str


class SiteCreated(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "site.created"
    audience: ClassVar[Audience | None] = Audience("sites.read")
    site_id: UUID
    client_id: UUID
    site_name: str
    actor: str


class AgentEnrolled(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "agent.enrolled"
    audience: ClassVar[Audience | None] = Audience("agents.read")
    agent_id: UUID
    client_id: UUID
    site_id: UUID
    hostname: str


class AgentOnline(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "agent.online"
    audience: ClassVar[Audience | None] = Audience("agents.read")
    agent_id: UUID
    client_id: UUID
    hostname: str


class AgentOffline(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "agent.offline"
    audience: ClassVar[Audience | None] = Audience("agents.read")
    agent_id: UUID
    client_id: UUID
    hostname: str
    reason: str


class AgentInventoryChanged(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "agent.inventory_changed"
    audience: ClassVar[Audience | None] = Audience("agents.read")
    agent_id: UUID
    client_id: UUID
    hostname: str
    section: str
    keys: list[str]
    """The first 20 keys that changed."""


class CommandQueued(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "command.queued"
    audience: ClassVar[Audience | None] = Audience("commands.read")
    command_id: UUID
    agent_id: UUID
    hostname: str
    actor: str


class CommandCompleted(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "command.completed"
    audience: ClassVar[Audience | None] = Audience("commands.read")
    command_id: UUID
    agent_id: UUID
    hostname: str
    status: str
    exit_code: int | None


class TunnelOpened(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "tunnel.opened"
    audience: ClassVar[Audience | None] = Audience("tunnel.read")
    session_id: UUID
    agent_id: UUID
    hostname: str
    actor: str


class TunnelClosed(Event, frozen=True, kw_only=True):
    name: ClassVar[str] = "tunnel.closed"
    audience: ClassVar[Audience | None] = Audience("tunnel.read")
    session_id: UUID
    agent_id: UUID
    hostname: str
    actor: str
    reason: str


EVENTS: tuple[type[Event], ...] = (
    TenantCreated,
    ClientCreated,
    SiteCreated,
    AgentEnrolled,
    AgentOnline,
    AgentOffline,
    AgentInventoryChanged,
    CommandQueued,
    CommandCompleted,
    TunnelOpened,
    TunnelClosed,
)
