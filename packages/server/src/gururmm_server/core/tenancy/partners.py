"""The Platform's view: Partners, each listed and made in the recorded Platform scope."""

from uuid import UUID

from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.events.catalogue import TenantCreated
from gururmm_server.core.events.traffic import OUTBOX_WAKE
from gururmm_server.core.identity.access import TenantCaller
from gururmm_server.core.identity.models import NewUser
from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.identity.users import Users
from gururmm_server.core.tenancy._partners_repository import SORTS, one_partner, page_of_partners
from gururmm_server.core.tenancy.models import CreatedPartner, NewPartner, Partner
from gururmm_server.infra import outbox
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.nats import Bus
from gururmm_server.infra.paging import Page, PageQuery

__all__ = ["SORTS", "Partners", "add_partner"]


class Partners:
    """Lists and makes Partners, for Platform staff."""

    def __init__(self, db: Database, bus: Bus, users: Users) -> None:
        self._db = db
        self._bus = bus
        self._users = users

    async def list(self, principal: Principal, query: PageQuery) -> Page[Partner]:
        async with self._db.platform(principal.email, "list Partners") as tx:
            rows, total = await page_of_partners(tx, query)
        page, following = query.cut(rows)
        return Page[Partner](
            items=[Partner.model_validate(dict(row)) for row in page], next_cursor=following, total=total
        )

    async def create(self, principal: Principal, new: NewPartner) -> CreatedPartner:
        """Make a Partner and, where an address is given, invite its first admin."""
        tenant_id = new_id()
        async with self._db.platform(principal.email, f"create Partner {new.name}") as tx:
            await add_partner(tx, tenant_id, new.name, principal)
            row = await one_partner(tx, tenant_id)
        await self._bus.publish(OUTBOX_WAKE, b"")
        assert row is not None
        partner = Partner.model_validate(dict(row))
        if new.admin_email is None:
            return CreatedPartner(**partner.model_dump(), invitation_url=None)
        caller = TenantCaller(principal, tenant_id)
        invited = await self._users.invite(caller, NewUser(email=new.admin_email, role="partner_admin"))
        return CreatedPartner(**partner.model_dump() | {"users": 1}, invitation_url=invited.invitation_url)


async def add_partner(tx: Transaction, tenant_id: UUID, name: str, actor: Principal) -> None:
    """Make a Partner with its settings in a Platform scope; the first row of its audit says who made it."""
    await tx.execute("select set_config('gururmm.tenant_id', $1, true)", str(tenant_id))
    await tx.execute("insert into core.tenants (tenant_id, name) values ($1, $2)", tenant_id, name)
    await tx.execute("insert into core.tenant_settings (tenant_id) values ($1)", tenant_id)
    await append(tx, "audit_log", AuditRow("tenant.created", actor, details={"name": name}))
    await outbox.publish(tx, tenant_id, TenantCreated(partner_name=name, actor=actor.email))
