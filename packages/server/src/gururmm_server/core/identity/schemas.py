"""What identity tells and takes over REST."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from gururmm_server.core.access.permissions import Role
from gururmm_server.infra.fields import Email, Line, Name, Password

TenantRole = Literal["partner_admin", "partner_tech", "client_contact"]
PersonName = Annotated[Line, Field(max_length=200)]
"""The name of a person, empty until they or their admin gave one."""


class Membership(BaseModel):
    """A Partner that the person can work in."""

    tenant_id: UUID
    name: str
    role: Role


class Me(BaseModel):
    """Who is signed in, where, and what that allows."""

    user_id: UUID
    email: str
    name: str
    role: Role
    tenant_id: UUID | None
    partner_name: str | None
    client_id: UUID | None
    permissions: list[str]
    partners: list[Membership]
    labels: dict[str, str]


class SignedIn(BaseModel):
    """An access token and whom it stands for. The refresh token travels in a cookie."""

    access_token: str
    expires_in: int = Field(description="Seconds")
    me: Me


class SignIn(BaseModel):
    email: Annotated[Line, Field(max_length=254)]
    password: Password


class ChangePassword(BaseModel):
    current_password: Password
    new_password: Password


class SwitchPartner(BaseModel):
    tenant_id: UUID


class Enter(BaseModel):
    reason: Name


class Invitation(BaseModel):
    """What an invitation link shows before it is accepted."""

    email: str
    name: str
    partner_name: str | None
    role: Role
    has_password: bool = Field(description="True: the person signs in with their own password to accept")


class AcceptInvitation(BaseModel):
    password: Password
    name: Name | None = None


class Session(BaseModel):
    """A browser that is signed in."""

    id: UUID
    created_at: datetime
    last_used_at: datetime
    address: str
    user_agent: str
    current: bool


class User(BaseModel):
    """A person of this Partner."""

    id: UUID
    email: str
    name: str
    role: Role
    client_id: UUID | None
    client_name: str | None
    created_at: datetime
    last_sign_in_at: datetime | None
    state: Literal["active", "invited", "disabled"]


class InvitedUser(User):
    invitation_url: str


class InvitationLink(BaseModel):
    invitation_url: str


class NewUser(BaseModel):
    email: Email
    name: PersonName = ""
    role: TenantRole
    client_id: UUID | None = None


class UserChange(BaseModel):
    """What is left out stays as it is."""

    role: TenantRole | None = None
    name: PersonName | None = None
    client_id: UUID | None = None
    disabled: bool | None = None
