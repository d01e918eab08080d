"""How a Partner comes to be."""

from uuid import UUID

from gururmm_server.core.access.subject import Subject
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.tenancy.events import TenantCreated
from gururmm_server.infra import outbox
from gururmm_server.infra.database import Transaction


async def add_partner(tx: Transaction, tenant_id: UUID, name: str, actor: Subject) -> None:
    """Make a Partner with its settings in a Platform scope; the first row of its audit says who made it."""
    await tx.execute("select set_config('gururmm.tenant_id', $1, true)", str(tenant_id))
    await tx.execute("insert into core.tenants (tenant_id, name) values ($1, $2)", tenant_id, name)
    await tx.execute("insert into core.tenant_settings (tenant_id) values ($1)", tenant_id)
    await append(tx, "audit_log", AuditRow("tenant.created", actor, details={"name": name}))
    await outbox.publish(tx, tenant_id, TenantCreated(partner_name=name, actor=actor.name))
