"""Permissions: declared by the component that guards something with them, collected in one registry."""

from collections.abc import Iterable
from enum import StrEnum

import msgspec


class Role(StrEnum):
    """The four roles of the product."""

    PLATFORM_ADMIN = "platform_admin"
    PARTNER_ADMIN = "partner_admin"
    PARTNER_TECH = "partner_tech"
    CLIENT_CONTACT = "client_contact"


ADMINS = frozenset({Role.PLATFORM_ADMIN, Role.PARTNER_ADMIN})
TECHNICIANS = ADMINS | {Role.PARTNER_TECH}
EVERYBODY = TECHNICIANS | {Role.CLIENT_CONTACT}


class Permission(msgspec.Struct, frozen=True):
    """One thing that somebody may be allowed to do.

    `name` is `noun.verb` and stable: tokens, keys and stored roles keep it. `allows` completes the sentence "may …".
    `roles` have it inside a Partner; one that is `on_platform` is had by Platform staff wherever they are, and by
    nobody else.
    """

    name: str
    allows: str
    roles: frozenset[Role] = frozenset()
    on_platform: bool = False


class Permissions:
    """Every permission that the components and modules of this process declare."""

    def __init__(self, declared: Iterable[Permission]) -> None:
        """Collects them. Raises `ValueError` when two share a name, or one is given to nobody."""
        self._by_name: dict[str, Permission] = {}
        for permission in declared:
            if permission.name in self._by_name:
                raise ValueError(f"the permission {permission.name} is declared twice")
            if bool(permission.roles) == permission.on_platform:
                raise ValueError(f"{permission.name} is given either to roles inside a Partner or to Platform staff")
            self._by_name[permission.name] = permission
        self._inside = {role: self._given(role, inside=True) for role in Role}
        self._outside = {role: self._given(role, inside=False) for role in Role}

    def all(self) -> list[Permission]:
        """Returns every declared permission, by name."""
        return [self._by_name[name] for name in sorted(self._by_name)]

    def of(self, role: Role, *, inside: bool) -> frozenset[str]:
        """Returns the names of what a role may do, inside a Partner or outside of any."""
        return (self._inside if inside else self._outside)[role]

    def _given(self, role: Role, *, inside: bool) -> frozenset[str]:
        return frozenset(
            permission.name
            for permission in self._by_name.values()
            if (inside and role in permission.roles) or (permission.on_platform and role is Role.PLATFORM_ADMIN)
        )
