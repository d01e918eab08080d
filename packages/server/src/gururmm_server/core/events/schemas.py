"""The shape of /events in the API's description."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """Something that happened, as a sentence."""

    model_config = ConfigDict(extra="forbid")

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
