"""How a Partner comes to be, and which there are."""

from uuid import UUID

from gururmm_server.core.access.subject import Subject
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.settings.orders import begin
from gururmm_server.core.tenancy import _partners_repository as repository
from gururmm_server.core.tenancy.events import TenantCreated
from gururmm_server.infra import outbox
from gururmm_server.infra.database import Database, Transaction


async def every_partner(db: Database) -> dict[UUID, str]:
    """Returns all Partners' ids and names, the oldest first."""
    async with db.identity() as tx:
        return await repository.every_partner(tx)


async def partner_exists(tx: Transaction, tenant_id: UUID) -> bool:
    """Tells whether there is such a Partner, in a Platform scope."""
    return await repository.exists(tx, tenant_id)


async def add_partner(tx: Transaction, tenant_id: UUID, name: str, actor: Subject) -> None:
    """Make a Partner with its settings in a Platform scope; the first row of its audit says who made it."""
    await repository.add_partner(tx, tenant_id, name)
    await begin(tx, tenant_id)
    await append(tx, "audit_log", AuditRow("tenant.created", actor, details={"name": name}))
    await outbox.publish(tx, tenant_id, TenantCreated(partner_name=name, actor=actor.name))
