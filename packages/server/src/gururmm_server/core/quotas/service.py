"""Whether a Partner may use more, and how much it has used."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Self
from uuid import UUID

from gururmm_server.core.access.scope import system_scope
from gururmm_server.core.component import House
from gururmm_server.core.quotas import _repository as repository
from gururmm_server.core.quotas.errors import QuotaUsedUp
from gururmm_server.core.quotas.resources import COUNTED, DAYS_SHARE, EVERY, KEPT_DAYS, WRITTEN, Resource
from gururmm_server.core.quotas.schemas import Used
from gururmm_server.infra.database import Database, Transaction


class Quotas:
    """Asked before something is used, in the transaction that uses it.

    Where the disk is known, what is written may also be no more than what is still free on it: whoever uses most leaves
    as much to the others, and never brings the disk to its end.
    """

    def __init__(self, db: Database, disk: Path | None = None, reserve_mb: int = 0) -> None:
        """`disk` is a folder on the database's disk, where that is this machine's; `reserve_mb` of it is kept free."""
        self._db = db
        self._disk = disk
        self._reserve = reserve_mb * 1024 * 1024

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db, house.settings.storage_dir, house.settings.disk_reserve_mb)

    async def spend(self, tx: Transaction, resource: Resource, amount: int) -> None:
        """Counts what a transaction in the Partner's scope writes. Raises `QuotaUsedUp`, with nothing counted."""
        if not await self._spend(tx, resource, amount):
            raise QuotaUsedUp(
                f"Your Partner has written as many {resource.noun} as it may today, or in {KEPT_DAYS} days. "
                "Try again tomorrow, or ask whoever runs this server for more."
            )

    async def allowance(self, tenant_id: UUID, resource: Resource, amount: int) -> bool:
        """Counts an amount that is about to be written. Returns False where it is more than the Partner may."""
        async with self._db.scope(system_scope(tenant_id)) as tx:
            return await self._spend(tx, resource, amount)

    async def allow_each(self, tx: Transaction, resource: Resource, amounts: Mapping[UUID, int]) -> set[UUID]:
        """Counts what a gateway's transaction is about to write of each Partner. Returns those that may write it."""
        return await repository.spend_each(tx, resource.name, amounts, **self._bounds(resource))

    async def check(self, tx: Transaction, resource: Resource, there: int) -> None:
        """Raises `QuotaUsedUp` where there are as many already, in the Partner's scope, as it may have."""
        most = (await repository.quotas(tx)).get(resource.name, resource.most)
        if there >= most:
            raise QuotaUsedUp(
                f"Your Partner has {there:,} {resource.noun}, as many as it may. "
                "End some, or ask whoever runs this server for more."
            )

    async def usage(self, tx: Transaction, counted: Mapping[Resource, int]) -> list[Used]:
        """Returns what the Partner of the transaction's scope uses, beside what it may."""
        quotas = await repository.quotas(tx)
        written = {row.resource: row for row in await repository.used(tx)}
        items = []
        for each in EVERY:
            row, most = written.get(each.name), quotas.get(each.name, each.most)
            if each in COUNTED:
                items.append(Used(resource=each.name, used=counted[each], most=most))
            else:
                used, today = (row.used, row.today) if row else (0, 0)
                items.append(Used(resource=each.name, used=used, most=most, today=today, most_a_day=most // DAYS_SHARE))
        return items

    async def _spend(self, tx: Transaction, resource: Resource, amount: int) -> bool:
        return await repository.spend(tx, resource.name, amount, **self._bounds(resource))

    def _bounds(self, resource: Resource) -> dict[str, int]:
        assert resource in WRITTEN, "what is counted as it is, is checked"
        return {"most": resource.most, "room": self._room(), "kept_days": KEPT_DAYS, "days_share": DAYS_SHARE}

    def _room(self) -> int:
        """Returns what is free on the disk beyond twice the reserve; without a disk of ours there is no end."""
        if self._disk is None:
            return sys.maxsize
        disk = os.statvfs(self._disk)
        return max(0, disk.f_bavail * disk.f_frsize - 2 * self._reserve)
