"""The caller of a request: identity, role, tenant and what follows from them."""

from enum import StrEnum
from uuid import UUID

import msgspec


class Role(StrEnum):
    """The four roles of the product."""

    PLATFORM_ADMIN = "platform_admin"
    PARTNER_ADMIN = "partner_admin"
    PARTNER_TECH = "partner_tech"
    CLIENT_CONTACT = "client_contact"


class Permission(StrEnum):
    """What a route can ask for."""

    AGENTS_READ = "agents.read"
    AGENTS_INSPECT = "agents.inspect"
    """Ask a machine live: its processes with their command lines, its folders."""
    AGENTS_WRITE = "agents.write"
    AGENTS_DELETE = "agents.delete"
    COMMANDS_READ = "commands.read"
    COMMANDS_RUN = "commands.run"
    COMMANDS_DELETE = "commands.delete"
    TUNNEL_OPEN = "tunnel.open"
    TUNNEL_READ = "tunnel.read"
    SITES_READ = "sites.read"
    SITES_WRITE = "sites.write"
    CODES_WRITE = "codes.write"
    USERS_READ = "users.read"
    USERS_WRITE = "users.write"
    SETTINGS_READ = "settings.read"
    SETTINGS_WRITE = "settings.write"
    AUDIT_READ = "audit.read"
    PARTNERS_READ = "partners.read"
    PARTNERS_WRITE = "partners.write"


_CONTACT = frozenset({Permission.AGENTS_READ, Permission.SITES_READ})
_TECH = _CONTACT | {
    Permission.AGENTS_INSPECT,
    Permission.AGENTS_WRITE,
    Permission.COMMANDS_READ,
    Permission.COMMANDS_RUN,
    Permission.COMMANDS_DELETE,
    Permission.TUNNEL_OPEN,
    Permission.TUNNEL_READ,
    Permission.SITES_WRITE,
    Permission.CODES_WRITE,
    Permission.USERS_READ,
    Permission.SETTINGS_READ,
}
_ADMIN = _TECH | {
    Permission.AGENTS_DELETE,
    Permission.USERS_WRITE,
    Permission.SETTINGS_WRITE,
    Permission.AUDIT_READ,
}
PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.CLIENT_CONTACT: _CONTACT,
    Role.PARTNER_TECH: _TECH,
    Role.PARTNER_ADMIN: _ADMIN,
    Role.PLATFORM_ADMIN: _ADMIN,
}
"""What a role may do inside a Partner."""

PLATFORM_PERMISSIONS = frozenset({Permission.PARTNERS_READ, Permission.PARTNERS_WRITE})
"""What a Platform admin may do, whether inside a Partner or not."""


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in person in the context of one Partner (or, for a Platform admin outside of any, of none)."""

    user_id: UUID
    email: str
    session_id: UUID
    role: Role
    tenant_id: UUID | None = None
    client_id: UUID | None = None
    """Set for a Client contact, who sees this Client only."""

    def permissions(self) -> frozenset[Permission]:
        """Everything this principal may do, here."""
        inside = PERMISSIONS[self.role] if self.tenant_id is not None else frozenset[Permission]()
        return inside | PLATFORM_PERMISSIONS if self.role is Role.PLATFORM_ADMIN else inside
