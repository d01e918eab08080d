"""What the Platform's doors tell and take over REST."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from gururmm_server.infra.fields import Email, Name


class Partner(BaseModel):
    """An MSP: what the database calls a tenant."""

    id: UUID
    name: str
    created_at: datetime
    agents: int
    clients: int
    users: int


class NewPartner(BaseModel):
    name: Name
    admin_email: Email | None = None


class CreatedPartner(Partner):
    invitation_url: str | None
