"""What the Platform's doors tell and take over REST."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from gururmm_server.infra.fields import Email, Name


class Partner(BaseModel):
    """An MSP: what the database calls a tenant."""

    id: UUID
    name: str
    created_at: datetime
    agents: int
    clients: int
    users: int
    recorded_bytes: int = Field(description="What recordings take that are kept")
    command_bytes: int = Field(description="What commands of the last 90 days took")
    recorded_most: int = Field(description="How much of each it may use")
    command_most: int
    agents_most: int


class Quota(BaseModel):
    """How much a Partner may use of something; null: as much as everybody."""

    resource: Literal["recorded_bytes", "command_bytes", "output_bytes", "terminals", "machines"]
    most: Annotated[int, Field(strict=True, ge=0, le=2**50)] | None


class NewPartner(BaseModel):
    name: Name
    admin_email: Email | None = None


class CreatedPartner(Partner):
    invitation_url: str | None
