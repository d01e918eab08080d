"""What all events have in common. Each component has its own in its `events` module.

The envelope on the bus (`infra.outbox.Envelope`) carries id, tenant and moment. `actor` is the e-mail of the person
who caused it, where a person did.
"""

from typing import ClassVar
from uuid import UUID

import msgspec

from gururmm_server.core.access.audience import Audience


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all events: a name `noun.what_is_now_true`, a version, and fields that are only added."""

    name: ClassVar[str]
    version: ClassVar[int] = 1
    audience: ClassVar[Audience | None] = None
    """Who may read of it; a kind that declares nobody is shown to nobody."""

    def sentence(self) -> str:
        """Returns what the activity feed says of it."""
        return self.name

    def subject_id(self) -> UUID | None:
        """Returns the id of what it tells of, where that is neither a Partner nor a Client, Site or machine."""
        return None
