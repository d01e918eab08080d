"""What the activity feed makes of an event: one sentence, and what it is about."""

import unicodedata
from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import msgspec

from gururmm_server.core.component import EventKind
from gururmm_server.infra.outbox import Envelope

Text = TypeVar("Text", str, str | None)


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
    subject_id: UUID | None
    """The command, the tech session or whatever else it tells of."""
    permission: str | None
    """What a reader must be allowed to do; None: nobody reads it."""


class _About(msgspec.Struct, frozen=True):
    """The fields that events have in common, where they have them."""

    agent_id: UUID | None = None
    client_id: UUID | None = None
    site_id: UUID | None = None
    hostname: str | None = None


_about = msgspec.json.Decoder(_About)
_envelope = msgspec.json.Decoder(Envelope)


class FeedReader:
    """Makes rows of events, of those kinds that the components of this build declare."""

    def __init__(self, kinds: Iterable[type[EventKind]]) -> None:
        self._decoders = {
            kind.name: (msgspec.json.Decoder(kind), kind.audience.permission if kind.audience else None)
            for kind in kinds
        }

    def read(self, data: bytes) -> FeedRow:
        """Returns the feed's row for an event as it is on the bus.

        Raises `msgspec.MsgspecError` for what is no event, and `RecursionError` for one that is nested too deep. An
        event that this build does not know (a newer one's) is kept by its name, and shown to nobody.
        """
        envelope = _envelope.decode(data)
        about = _about.decode(envelope.payload)
        known = self._decoders.get(envelope.name)
        text, subject_id, permission, actor = envelope.name, None, None, None
        if known is not None:
            decoder, permission = known
            event = decoder.decode(envelope.payload)
            text, subject_id = event.sentence(), event.subject_id()
            actor = getattr(event, "actor", None)  # only of a kind that people cause: whoever says another names nobody
        return FeedRow(
            event_id=envelope.event_id,
            tenant_id=envelope.tenant_id,
            at=msgspec.convert(envelope.at, datetime),
            name=_clean(envelope.name),
            agent_id=about.agent_id,
            client_id=about.client_id,
            site_id=about.site_id,
            actor=_clean(actor),
            hostname=_clean(about.hostname),
            text=_clean(text),
            subject_id=subject_id,
            permission=permission,
        )


def _clean(text: Text) -> Text:
    """Returns a text in which every character is seen, because some of it is what machines say; None for None.

    What controls a terminal, or the direction of the text around it, stands as its number; NUL is left out.
    """
    if text is None or text.isprintable():
        return text
    return "".join(_seen(character) for character in text if character != "\0")


def _seen(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return f"\\u{ord(character):04x}"
