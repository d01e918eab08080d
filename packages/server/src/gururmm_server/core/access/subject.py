"""Whoever acts."""

from enum import StrEnum
from uuid import UUID

import msgspec

from gururmm_server.core.access.permissions import Permission


class SubjectKind(StrEnum):
    """What kind of subject acts."""

    PERSON = "person"
    KEY = "key"
    MODULE = "module"
    SYSTEM = "system"


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """A person, an API key, a module or the system, with what it may do where it acts now.

    `name` is what the audit and other people call it: a person's e-mail address, the name of a key or of a module.
    `id` is None for the system alone.
    """

    kind: SubjectKind
    id: UUID | None
    name: str
    permissions: frozenset[str] = frozenset()
    proved_at: int = 0
    """When a person last proved that it is they (Unix time): at sign-in, or by a factor since."""

    def may(self, permission: Permission) -> bool:
        """Tells whether the subject has this permission."""
        return permission.name in self.permissions


def person(user_id: UUID, email: str) -> Subject:
    """Returns a person as the audit names them, for acts that ask no door for permission."""
    return Subject(kind=SubjectKind.PERSON, id=user_id, name=email)
