"""What the activity feed makes of an event: one sentence, and what it is about."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from gururmm_server.core.events import catalogue as events
from gururmm_server.infra.outbox import Envelope


class FeedRow(msgspec.Struct, frozen=True):
    """A row of core.activity."""

    event_id: UUID
    tenant_id: UUID
    at: datetime
    name: str
    agent_id: UUID | None
    client_id: UUID | None
    site_id: UUID | None
    actor: str | None
    hostname: str | None
    text: str
    permission: str | None
    """What a reader must be allowed to do; None: nobody reads it."""


class _About(msgspec.Struct, frozen=True):
    """The fields that events have in common, where they have them."""

    agent_id: UUID | None = None
    client_id: UUID | None = None
    site_id: UUID | None = None
    actor: str | None = None
    hostname: str | None = None


_HOW_ENDED = {
    "succeeded": "succeeded",
    "failed": "failed",
    "timed_out": "ran out of time",
    "cancelled": "was cancelled",
    "expired": "expired before the machine could run it",
}


def _completed(event: events.CommandCompleted) -> str:
    code = f" with exit code {event.exit_code}" if event.status == "failed" and event.exit_code is not None else ""
    return f"A command on {event.hostname} {_HOW_ENDED.get(event.status, event.status)}{code}."


def _changed(event: events.AgentInventoryChanged) -> str:
    names = ", ".join(event.keys[:3]) + (" …" if len(event.keys) > 3 else "")
    return f"{event.section.capitalize()} of {event.hostname} changed: {names}."


_SENTENCES: dict[type[events.Event], Callable[[Any], str]] = {
    events.TenantCreated: lambda e: f"The Partner {e.partner_name} was created.",
    events.ClientCreated: lambda e: f"{e.actor} created the Client {e.client_name}.",
    events.SiteCreated: lambda e: f"{e.actor} created the Site {e.site_name}.",
    events.AgentEnrolled: lambda e: f"{e.hostname} was added.",
    events.AgentOnline: lambda e: f"{e.hostname} came online.",
    events.AgentOffline: lambda e: f"{e.hostname} went offline{': ' + e.reason if e.reason else ''}.",
    events.AgentInventoryChanged: _changed,
    events.CommandQueued: lambda e: f"{e.actor} queued a command for {e.hostname}.",
    events.CommandCompleted: _completed,
    events.TunnelOpened: lambda e: f"{e.actor} opened a terminal on {e.hostname}.",
    events.TunnelClosed: lambda e: (
        f"The terminal of {e.actor} on {e.hostname} was closed{': ' + e.reason if e.reason else ''}."
    ),
}
_DECODERS = {
    kind.name: (msgspec.json.Decoder(kind), sentence, kind.audience.permission if kind.audience else None)
    for kind, sentence in _SENTENCES.items()
}
_about = msgspec.json.Decoder(_About)
_envelope = msgspec.json.Decoder(Envelope)


def read(data: bytes) -> FeedRow:
    """The feed's row for an event as it is on the bus. Raises `msgspec.MsgspecError` for what is no event.

    An event that this build does not know (a newer one's) is kept by its name, and shown to nobody.
    """
    envelope = _envelope.decode(data)
    about = _about.decode(envelope.payload)
    known = _DECODERS.get(envelope.name)
    text = envelope.name if known is None else known[1](known[0].decode(envelope.payload))
    return FeedRow(
        event_id=envelope.event_id,
        tenant_id=envelope.tenant_id,
        at=msgspec.convert(envelope.at, datetime),
        name=envelope.name,
        agent_id=about.agent_id,
        client_id=about.client_id,
        site_id=about.site_id,
        actor=about.actor,
        hostname=about.hostname,
        text=text,
        permission=None if known is None else known[2],
    )
