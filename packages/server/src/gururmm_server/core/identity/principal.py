"""A signed-in person: who they are, by which sign-in, and where they are now."""

from uuid import UUID

import msgspec

from gururmm_server.core.access.errors import Forbidden
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.access.subject import Subject, SubjectKind


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in person in the context of one Partner (or, for a Platform admin outside of any, of none).

    `permissions` are the names of all that the role allows here: whoever makes a principal looks them up.
    """

    user_id: UUID
    email: str
    session_id: UUID
    role: Role
    tenant_id: UUID | None = None
    client_id: UUID | None = None
    """Set for a Client contact, who sees this Client only."""
    permissions: frozenset[str] = frozenset()
    proved_at: int = 0
    """When they last proved that it is they (Unix time)."""
    needs_factor: bool = False
    """They have to set a second factor up before they can do anything else here, and have no permission."""

    @property
    def subject(self) -> Subject:
        """Returns the person as the one who acts."""
        return Subject(
            kind=SubjectKind.PERSON,
            id=self.user_id,
            name=self.email,
            permissions=self.permissions,
            proved_at=self.proved_at,
        )

    @property
    def scope(self) -> Scope | None:
        """Returns what the person sees; None outside of any Partner."""
        if self.tenant_id is None:
            return None
        clients = None if self.client_id is None else frozenset({self.client_id})
        return Scope(subject=self.subject, tenant_id=self.tenant_id, client_ids=clients)

    def inside(self) -> Scope:
        """Returns what the person sees in the Partner they are in. Raises `Forbidden` outside of any."""
        scope = self.scope
        if scope is None:
            raise Forbidden
        return scope
