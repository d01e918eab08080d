"""What agents are told of settings: configurations, each with a version, as orders that they follow.

All agents of a Partner are told the same, by one order for all of them, but those at Sites where something else is set:
each of these machines has an order of its own. Agents of every age follow both (ADR 0040).

An agent follows no order about settings that is older than the last one that it followed. So a machine that comes back
to what all are told is given an order of its own that says so, until the one for all is signed anew.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from gururmm_wire.v2 import server as wire
from gururmm_wire.v2.limits import ORDER_SECONDS

from gururmm_server.core.orders.signing import OrderSigner, Wanted
from gururmm_server.core.setting import Level, Value
from gururmm_server.core.settings import _orders_repository as repository
from gururmm_server.core.settings import _repository as values
from gururmm_server.core.settings._orders_repository import PartnerRow, SiteRow
from gururmm_server.core.settings.declared import TOLD_KEYS, told_at
from gururmm_server.infra.clock import now
from gururmm_server.infra.database import Transaction
from gururmm_server.infra.ids import new_id

_VALID: Final = timedelta(seconds=ORDER_SECONDS)
_AT_ONCE: Final = 2000

Told = dict[str, Any]


async def begin(tx: Transaction, tenant_id: UUID) -> None:
    """Gives a new Partner its configuration, in a Platform scope; the worker signs it in a moment."""
    await repository.begin(tx, tenant_id)


async def settle(tx: Transaction, signer: OrderSigner, tenant_ids: Iterable[UUID]) -> set[UUID]:
    """Signs what the agents of these Partners are to be told now. Returns the Partners with new orders.

    In a scope of the one Partner, or in the worker's. What is signed already, and newly enough, stays as it is.
    """
    partners = await _locked(tx, signer, tenant_ids)
    if not partners:
        return set()
    changed = await _settle_sites(tx, partners)
    changed |= await _sign_machines(tx, signer, partners)
    back = await repository.let_go(tx, partners)
    wanted = [each for each in partners.values() if each.is_due or each.tenant_id in back]
    versions = [each.version() for each in wanted]
    orders = [_order(each.told, version, each.tenant_id) for each, version in zip(wanted, versions, strict=True)]
    signed = await signer.sign_all(orders)
    rows = [
        (each.tenant_id, version, each.told, order)
        for each, version, order in zip(wanted, versions, signed, strict=True)
    ]
    await repository.keep(tx, rows, signer.key.key_id)
    await repository.note_versions(tx, {tenant_id: each.last_version for tenant_id, each in partners.items()})
    return changed | {each.tenant_id for each in wanted}


async def settle_machine(tx: Transaction, signer: OrderSigner, agent_id: UUID, *, anew: bool = False) -> bool:
    """Signs what a machine is to be told that came to another Site. Returns whether that is something else.

    `anew`: in any case, for an agent that followed newer orders as another machine.
    """
    await repository.hold(tx)
    row = await repository.machine(tx, agent_id)
    if row is None or row.told is None:
        return False
    if not anew and (row.same or not (row.apart or row.has_own)):
        return False
    order = signer.sign(_order(row.told, row.version, agent_id))
    await repository.keep_machines(tx, [(row.tenant_id, agent_id, row.version, order)], signer.key.key_id)
    return True


async def newest(tx: Transaction, agent_id: UUID) -> int | None:
    """Returns the version of what a machine is to be told; None where the scope does not see it."""
    row = await repository.machine(tx, agent_id)
    return row.version if row is not None else None


@dataclass(slots=True)
class _Partner:
    """What a Partner's agents were told, and are to be told now."""

    row: PartnerRow
    last_version: int
    told: Told
    apart: dict[UUID, Told] = field(default_factory=dict)
    """What those at some Sites are told, where that is something else."""

    @property
    def tenant_id(self) -> UUID:
        return self.row.tenant_id

    @property
    def is_due(self) -> bool:
        """Tells whether the order for all has to be signed."""
        return self.row.due or self.row.told != self.told

    def version(self) -> int:
        """Returns the version of what all are told: another one where it was something else before."""
        return self.row.version if self.row.told in (None, self.told) else self.next_version()

    def next_version(self) -> int:
        """Returns a version that nothing has had."""
        self.last_version += 1
        return self.last_version


async def _locked(tx: Transaction, signer: OrderSigner, tenant_ids: Iterable[UUID]) -> dict[UUID, _Partner]:
    rows = await repository.lock(tx, tenant_ids, signer.key.key_id)
    set_rows = await values.values_everywhere(tx, [row.tenant_id for row in rows], TOLD_KEYS) if rows else []
    platform: dict[str, Value] = {}
    partner: dict[UUID, dict[str, Value]] = {row.tenant_id: {} for row in rows}
    site: dict[UUID, dict[UUID, dict[str, Value]]] = {row.tenant_id: {} for row in rows}
    for each in set_rows:
        if each.tenant_id is None:
            platform[each.key] = each.value
        elif each.site_id is None:
            partner[each.tenant_id][each.key] = each.value
        else:
            site[each.tenant_id].setdefault(each.site_id, {})[each.key] = each.value
    found: dict[UUID, _Partner] = {}
    for row in rows:
        for_all = {Level.PLATFORM: platform, Level.PARTNER: partner[row.tenant_id]}
        one = _Partner(row, row.last_version, _told(told_at(for_all)))
        at_sites = {
            site_id: _told(told_at(for_all | {Level.SITE: its_own})) for site_id, its_own in site[row.tenant_id].items()
        }
        one.apart = {site_id: told for site_id, told in at_sites.items() if told != one.told}
        found[row.tenant_id] = one
    return found


async def _settle_sites(tx: Transaction, partners: dict[UUID, _Partner]) -> set[UUID]:
    """Keeps which Sites' agents are told something else than the others. Returns the Partners with news of that."""
    before = {row.site_id: row for row in await repository.sites(tx, partners)}
    kept = [
        SiteRow(one.tenant_id, site_id, one.next_version(), told)
        for one in partners.values()
        for site_id, told in one.apart.items()
        if site_id not in before or before[site_id].told != told
    ]
    over = [row for row in before.values() if row.site_id not in partners[row.tenant_id].apart]
    await repository.keep_sites(tx, kept)
    await repository.forget_sites(tx, [row.site_id for row in over])
    return {row.tenant_id for row in [*kept, *over]}


async def _sign_machines(tx: Transaction, signer: OrderSigner, partners: Iterable[UUID]) -> set[UUID]:
    """Signs the own orders of machines at Sites that differ. Returns the Partners with new ones."""
    key_id, tenant_ids, changed = signer.key.key_id, list(partners), set[UUID]()
    while rows := await repository.untold(tx, tenant_ids, key_id, _AT_ONCE):
        signed = await signer.sign_all([_order(row.told, row.version, row.agent_id) for row in rows])
        orders: Sequence[tuple[UUID, UUID, int, bytes]] = [
            (row.tenant_id, row.agent_id, row.version, order) for row, order in zip(rows, signed, strict=True)
        ]
        await repository.keep_machines(tx, orders, key_id)
        changed |= {row.tenant_id for row in rows}
    return changed


def _order(told: Told, version: int, addressee: UUID) -> Wanted:
    """Returns the order of a configuration. It is signed anew each day, so that a valid one is always at hand."""
    message = wire.SettingsPush(wire.Settings(version=version, **told))
    return Wanted(message, addressee, new_id(), now() + _VALID)


def _told(settings: wire.Settings) -> Told:
    """Returns what is said, without the version."""
    return {key: value for key, value in msgspec.structs.asdict(settings).items() if key in TOLD_KEYS}
