"""What identity tells and takes over REST."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from gururmm_server.core.access.permissions import Role
from gururmm_server.infra.fields import Email, Line, Name, Password

TenantRole = Literal["partner_admin", "partner_tech", "client_contact"]
PersonName = Annotated[Line, Field(max_length=200)]
"""The name of a person, empty until they or their admin gave one."""
Code = Annotated[str, Field(min_length=1, max_length=40)]
"""A code of an authenticator app, or a recovery code, as it was typed."""
Method = Literal["passkey", "totp", "recovery_code"]
JsonObject = dict[str, Any]


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
    needs_factor: bool = Field(description="They can do nothing here but set a second factor up")
    partners: list[Membership]
    labels: dict[str, str]


class SignedIn(BaseModel):
    """An access token and whom it stands for. The refresh token travels in a cookie."""

    access_token: str
    expires_in: int = Field(description="Seconds")
    me: Me


class SecondStep(BaseModel):
    """The password was right; the person has a second factor, and it is asked for now."""

    step_token: str = Field(description="Goes with the second factor; good for five minutes and once")
    methods: list[Method] = Field(description="By what this person can go on")
    passkey: JsonObject | None = Field(description="For `navigator.credentials.get`, where they have a passkey")


class GivenFactor(BaseModel):
    """A code, or what `navigator.credentials.get` gave, as JSON."""

    code: Code | None = None
    passkey: JsonObject | None = None


class SecondFactor(GivenFactor):
    step_token: Annotated[str, Field(max_length=100)]


class StepUpMethods(BaseModel):
    """By what the caller can prove that it is they."""

    methods: list[Method | Literal["password"]]


class StepUp(GivenFactor):
    """A password, of who has no second factor; otherwise one of these."""

    password: Password | None = None


class PasskeyOptions(BaseModel):
    """For `navigator.credentials`, as JSON."""

    options: JsonObject


class NewPasskey(BaseModel):
    name: Name = Field(description="What its person calls it")
    credential: JsonObject = Field(description="What `navigator.credentials.create` gave")


class PasskeyAnswer(BaseModel):
    credential: JsonObject = Field(description="What `navigator.credentials.get` gave")


class Passkey(BaseModel):
    """One of the caller's passkeys."""

    id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None


class OwnFactors(BaseModel):
    """By what the caller signs in, beside the password."""

    totp: bool
    passkeys: list[Passkey]
    passkeys_possible: bool = Field(description="Whether browsers make passkeys for this server")
    recovery_codes: int = Field(description="So many are unused")


class NewTotp(BaseModel):
    """What an authenticator app is set up with. It counts once a code of it was sent."""

    secret: str = Field(description="Base32, to be typed")
    uri: str = Field(description="What stands in the QR code")


class TypedCode(BaseModel):
    code: Code


class RecoveryCodes(BaseModel):
    """Codes that stand in for a lost factor, each once. They are shown now and never again."""

    recovery_codes: list[str] = Field(description="Empty where those of before go on")


class SignInRules(BaseModel):
    """What a Partner asks of its people's sign-ins."""

    second_factor: bool = Field(description="Of everybody: who has none can only set one up")
    people_without: int = Field(description="How many who may sign in have none")


class SignInRulesChange(BaseModel):
    second_factor: Annotated[bool, Field(strict=True)]


class SignIn(BaseModel):
    email: Annotated[Line, Field(max_length=254)]
    password: Password


class NewPassword(BaseModel):
    password: Annotated[str, Field(max_length=256)]


class PasswordStrength(BaseModel):
    """How hard a password is to guess."""

    score: Annotated[int, Field(ge=0, le=4)]
    enough: bool = Field(description="Whether it would be accepted")
    message: str = Field(description="What is wrong with it; empty where it is enough")


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
    second_factor: bool = Field(description="They sign in with more than a password")
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
