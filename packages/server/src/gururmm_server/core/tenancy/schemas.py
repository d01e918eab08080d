"""What tenancy tells and takes over REST."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from gururmm_server.infra.fields import Name


class Client(BaseModel):
    """A Partner's customer organisation."""

    id: UUID
    name: str
    sites: int
    agents: int
    online: int
    created_at: datetime


class Site(BaseModel):
    """A location or grouping inside a Client."""

    id: UUID
    name: str
    client_id: UUID
    client_name: str
    agents: int
    online: int
    created_at: datetime


class TreeSite(BaseModel):
    id: UUID
    name: str
    total: int
    online: int


class TreeClient(TreeSite):
    sites: list[TreeSite]


class Tree(BaseModel):
    """Client > Site with machines in each."""

    clients: list[TreeClient]


class Named(BaseModel):
    name: Name


class NewSite(BaseModel):
    client_id: UUID
    name: Name


class NewCode(BaseModel):
    """Null: without that limit."""

    expires_in_h: int | None = Field(default=None, ge=1, le=87_600)
    max_uses: int | None = Field(default=None, ge=1, le=100_000)


class Code(BaseModel):
    """A site code: what brings machines into a Site. Only techs see it."""

    id: UUID
    code: str
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    max_uses: int | None
    uses: int
    revoked_at: datetime | None
    state: Literal["active", "expired", "used_up", "revoked"]
    install_command: str
    landing_url: str


class Codes(BaseModel):
    items: list[Code]
