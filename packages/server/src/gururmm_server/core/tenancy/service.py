"""Clients and Sites of a Partner. A Client contact sees its own Client; everything else is not found."""

from collections.abc import Sequence
from itertools import groupby
from typing import Self
from uuid import UUID

import msgspec

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.agents import record
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.component import Hold, House
from gururmm_server.core.settings.reading import value_for
from gururmm_server.core.tenancy import _repository as repository
from gururmm_server.core.tenancy._repository import BranchRow, ClientRow, SiteRow
from gururmm_server.core.tenancy.errors import ClientNotFound, NotEmpty, SiteNotFound
from gururmm_server.core.tenancy.events import ClientCreated, SiteCreated
from gururmm_server.core.tenancy.schemas import Client, Site, Tree, TreeClient, TreeSite
from gururmm_server.core.tenancy.settings import LABELS
from gururmm_server.infra import outbox
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.paging import Page, PageQuery

CLIENT_SORTS = repository.CLIENT_SORTS
SITE_SORTS = repository.SITE_SORTS


class Tenancy:
    """The Client > Site tree."""

    def __init__(self, db: Database, holds: Sequence[Hold] = ()) -> None:
        """`holds` are what other components may still have of a Client that is to be deleted."""
        self._db = db
        self._holds = holds

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db, house.holds())

    async def tree(self, caller: Scope) -> Tree:
        """Returns every Client and Site that the caller sees, each with its machines counted."""
        async with self._db.scope(caller) as tx:
            rows = await repository.tree(tx)
        grouped = groupby(rows, key=lambda row: (row.client_id, row.client_name))
        return Tree(clients=[_branch(client_id, name, list(sites)) for (client_id, name), sites in grouped])

    async def clients(self, caller: Scope, query: PageQuery) -> Page[Client]:
        async with self._db.scope(caller) as tx:
            found = await repository.page_of_clients(tx, query)
        items = [_client(row) for row in found.items]
        return Page[Client](items=items, next_cursor=found.next_cursor, total=found.total)

    async def client(self, caller: Scope, client_id: UUID) -> Client:
        """Raises `ClientNotFound`."""
        async with self._db.scope(caller) as tx:
            row = await repository.client(tx, client_id)
        if row is None:
            raise ClientNotFound
        return _client(row)

    async def create_client(self, caller: Scope, name: str) -> Client:
        """Raises `UniqueConflict` where the Partner has a Client of that name."""
        client_id = new_id()
        async with self._db.scope(caller) as tx:
            await append(
                tx,
                "audit_log",
                AuditRow("client.created", caller.subject, details={"client_id": client_id, "name": name}),
            )
            await repository.add_client(tx, client_id, name)
            event = ClientCreated(
                client_id=client_id,
                client_name=name,
                actor=caller.subject.name,
                called=await value_for(tx, LABELS["client"], caller.tenant_id),
            )
            await outbox.publish(tx, caller.tenant_id, event)
        return await self.client(caller, client_id)

    async def rename_client(self, caller: Scope, client_id: UUID, name: str) -> Client:
        """Raises `ClientNotFound`, `UniqueConflict`."""
        async with self._db.scope(caller) as tx:
            before = await repository.lock_client(tx, client_id)
            if before is None:
                raise ClientNotFound
            details = {"client_id": client_id, "before": before, "after": name}
            await append(tx, "audit_log", AuditRow("client.renamed", caller.subject, details=details))
            await repository.rename_client(tx, client_id, name)
            await record.rename_client(tx, client_id, name)
        return await self.client(caller, client_id)

    async def delete_client(self, caller: Scope, client_id: UUID) -> None:
        """Raises `ClientNotFound`, and `NotEmpty` while it has Sites, or what else another component holds of it."""
        async with self._db.scope(caller) as tx:
            name = await repository.lock_client(tx, client_id)
            if name is None:
                raise ClientNotFound
            if await repository.has_sites(tx, client_id):
                raise NotEmpty(f"{name} is not empty. Delete what is in it first.")
            for hold in self._holds:
                if held := await hold(tx, client_id):
                    raise NotEmpty(f"{name} still has {held}")
            details = {"client_id": client_id, "name": name}
            await append(tx, "audit_log", AuditRow("client.deleted", caller.subject, details=details))
            await repository.delete_client(tx, client_id)

    async def sites(self, caller: Scope, query: PageQuery, client_id: UUID | None) -> Page[Site]:
        """Returns a page of the Sites of one Client, or of every Client that the caller sees."""
        async with self._db.scope(caller) as tx:
            found = await repository.page_of_sites(tx, query, client_id)
        items = [_site(row) for row in found.items]
        return Page[Site](items=items, next_cursor=found.next_cursor, total=found.total)

    async def site(self, caller: Scope, site_id: UUID) -> Site:
        """Raises `SiteNotFound`."""
        async with self._db.scope(caller) as tx:
            row = await repository.site(tx, site_id)
        if row is None:
            raise SiteNotFound
        return _site(row)

    async def create_site(self, caller: Scope, client_id: UUID, name: str) -> Site:
        """Raises `ClientNotFound`, `UniqueConflict`."""
        site_id = new_id()
        async with self._db.scope(caller) as tx:
            if await repository.lock_client(tx, client_id) is None:
                raise ClientNotFound
            details = {"site_id": site_id, "client_id": client_id, "name": name}
            await append(tx, "audit_log", AuditRow("site.created", caller.subject, details=details))
            await repository.add_site(tx, site_id, client_id, name)
            event = SiteCreated(
                site_id=site_id,
                client_id=client_id,
                site_name=name,
                actor=caller.subject.name,
                called=await value_for(tx, LABELS["site"], caller.tenant_id),
            )
            await outbox.publish(tx, caller.tenant_id, event)
        return await self.site(caller, site_id)

    async def rename_site(self, caller: Scope, site_id: UUID, name: str) -> Site:
        """Raises `SiteNotFound`, `UniqueConflict`."""
        async with self._db.scope(caller) as tx:
            before = await repository.lock_site(tx, site_id)
            if before is None:
                raise SiteNotFound
            details = {"site_id": site_id, "before": before.name, "after": name}
            await append(tx, "audit_log", AuditRow("site.renamed", caller.subject, details=details))
            await repository.rename_site(tx, site_id, name)
            await record.rename_site(tx, site_id, name)
        return await self.site(caller, site_id)

    async def delete_site(self, caller: Scope, site_id: UUID) -> None:
        """Raises `SiteNotFound`, and `NotEmpty` while it has machines. Its codes go with it."""
        async with self._db.scope(caller) as tx:
            before = await repository.lock_site(tx, site_id)
            if before is None:
                raise SiteNotFound
            if await repository.has_machines(tx, site_id):
                raise NotEmpty(f"{before.name} still has machines. Move or delete them first.")
            details = {"site_id": site_id, "name": before.name}
            await append(tx, "audit_log", AuditRow("site.deleted", caller.subject, details=details))
            await repository.delete_site(tx, site_id)


def _branch(client_id: UUID, name: str, rows: list[BranchRow]) -> TreeClient:
    sites = [
        TreeSite(id=row.site_id, name=row.site_name or "", total=row.agents, online=row.online)
        for row in rows
        if row.site_id is not None
    ]
    total, online = sum(site.total for site in sites), sum(site.online for site in sites)
    return TreeClient(id=client_id, name=name, total=total, online=online, sites=sites)


def _client(row: ClientRow) -> Client:
    return Client(**msgspec.structs.asdict(row))


def _site(row: SiteRow) -> Site:
    return Site(**msgspec.structs.asdict(row))
