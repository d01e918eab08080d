"""What a subject may see: one Partner, and of that Partner every Client or some."""

from uuid import UUID

import msgspec

from gururmm_server.core.access.subject import Subject, SubjectKind


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """A subject inside one Partner.

    `db.scope(scope)` opens a transaction in which the database itself shows nothing else: not another Partner's rows,
    and, where `client_ids` is set, no row of another Client. `client_ids` is None where the subject sees every Client;
    an empty set sees none.
    """

    subject: Subject
    tenant_id: UUID
    client_ids: frozenset[UUID] | None = None


def system_scope(tenant_id: UUID, name: str = "system") -> Scope:
    """Returns the scope of work that nobody asked for, all over one Partner. It has no permission: it asks no door."""
    return Scope(subject=Subject(kind=SubjectKind.SYSTEM, id=None, name=name), tenant_id=tenant_id)
