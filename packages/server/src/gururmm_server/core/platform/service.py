"""The Platform's view: Partners, each listed and made in the recorded Platform scope."""

from typing import Self
from uuid import UUID

import msgspec

from gururmm_server.core.access.permissions import Permissions, Role
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.access.subject import Subject
from gururmm_server.core.component import House
from gururmm_server.core.identity.schemas import NewUser
from gururmm_server.core.identity.users import Users
from gururmm_server.core.platform._repository import SORTS, one_partner, page_of_partners
from gururmm_server.core.platform.schemas import CreatedPartner, NewPartner, Partner, Quota
from gururmm_server.core.quotas.giving import give
from gururmm_server.core.tenancy.partners import add_partner
from gururmm_server.infra.database import Database
from gururmm_server.infra.errors import NotFound
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.paging import Page, PageQuery

__all__ = ["SORTS", "Partners"]


class Partners:
    """Lists and makes Partners, for Platform staff."""

    def __init__(self, db: Database, users: Users, permissions: Permissions) -> None:
        self._db = db
        self._users = users
        self._permissions = permissions

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db, house.get(Users), house.declared.permissions)

    async def list(self, staff: Subject, query: PageQuery) -> Page[Partner]:
        async with self._db.platform(staff.name, "list Partners", reserve=True) as tx:
            found = await page_of_partners(tx, query)
        items = [Partner(**msgspec.structs.asdict(row)) for row in found.items]
        return Page[Partner](items=items, next_cursor=found.next_cursor, total=found.total)

    async def create(self, staff: Subject, new: NewPartner) -> CreatedPartner:
        """Makes a Partner and, where an address is given, invites its first admin."""
        tenant_id = new_id()
        async with self._db.platform(staff.name, f"create Partner {new.name}") as tx:
            await add_partner(tx, tenant_id, new.name, staff)
            row = await one_partner(tx, tenant_id)
        assert row is not None
        partner = Partner(**msgspec.structs.asdict(row))
        if new.admin_email is None:
            return CreatedPartner(**partner.model_dump(), invitation_url=None)
        inside = self._permissions.of(Role.PLATFORM_ADMIN, inside=True)
        caller = Scope(subject=msgspec.structs.replace(staff, permissions=inside), tenant_id=tenant_id)
        invited = await self._users.invite(caller, NewUser(email=new.admin_email, role="partner_admin"))
        return CreatedPartner(**partner.model_dump() | {"users": 1}, invitation_url=invited.invitation_url)

    async def give_quota(self, staff: Subject, tenant_id: UUID, quota: Quota) -> None:
        """Lets a Partner use more of something, or less, than everybody may. Raises `NotFound`."""
        async with self._db.platform(staff.name, f"quota of {tenant_id}: {quota.resource} {quota.most}") as tx:
            if await one_partner(tx, tenant_id) is None:
                raise NotFound
            await give(tx, tenant_id, staff, quota.resource, quota.most)
