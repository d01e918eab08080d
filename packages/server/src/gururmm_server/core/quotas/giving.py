"""Giving a Partner another quota than everybody's, in a Platform scope."""

from uuid import UUID

from gururmm_server.core.access.subject import Subject
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.quotas import _repository as repository
from gururmm_server.infra.database import Transaction


async def give(tx: Transaction, tenant_id: UUID, actor: Subject, resource: str, most: int | None) -> None:
    """Sets how much a Partner may use of something (None: as much as everybody). That Partner's audit has it."""
    before = await repository.give(tx, tenant_id, resource, most)
    details = {"resource": resource, "before": before, "after": most}
    await append(tx, "audit_log", AuditRow("quota.changed", actor, details=details))
