"""The shape of /events in the API's description."""

from datetime import datetime
from uuid import UUID

from gururmm_server.infra.shapes import Answer


class Event(Answer, frozen=True, kw_only=True):
    """Something that happened, as a sentence."""

    id: UUID
    at: datetime
    name: str
    agent_id: UUID | None
    hostname: str | None
    site_id: UUID | None
    actor: str | None
    text: str
    subject_id: UUID | None
    """The command or tech session that it tells of, where it tells of one."""
