"""What holds, for whoever goes by it: inside their transaction."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from gururmm_server.core.setting import ForPartners, Level, Setting, Value, ValueT, resolve
from gururmm_server.core.settings import _repository as repository
from gururmm_server.core.settings._repository import SetRow
from gururmm_server.infra.database import Transaction


async def value_for(
    tx: Transaction, setting: Setting[ValueT], tenant_id: UUID | None, site_id: UUID | None = None
) -> ValueT:
    """Returns what holds for a Partner, for a Site of it, or (None) for the Platform itself."""
    tenant_ids = [] if tenant_id is None else [tenant_id]
    return resolve(setting, layers(await repository.values(tx, tenant_ids, [setting.key], site_id))).value


async def values_for(
    tx: Transaction, settings: Mapping[str, Setting[ValueT]], tenant_id: UUID | None
) -> dict[str, ValueT]:
    """Returns what holds of several settings, under the same names."""
    tenant_ids = [] if tenant_id is None else [tenant_id]
    set_at = layers(await repository.values(tx, tenant_ids, [setting.key for setting in settings.values()]))
    return {name: resolve(setting, set_at).value for name, setting in settings.items()}


async def values_for_partners(tx: Transaction, setting: Setting[ValueT]) -> ForPartners[ValueT]:
    """Returns what holds for each Partner, in the worker's scope."""
    rows = await repository.partners_values(tx, setting.key)
    platform: list[SetRow] = [row for row in rows if row.tenant_id is None]
    most = resolve(setting, layers(platform)).value
    own = {row.tenant_id: resolve(setting, layers([*platform, row])).value for row in rows if row.tenant_id is not None}
    return ForPartners(most, {tenant_id: value for tenant_id, value in own.items() if value != most})


def layers(rows: Sequence[SetRow]) -> dict[Level, dict[str, Value]]:
    """Returns what is set on the way to one place, by level and key."""
    found: dict[Level, dict[str, Value]] = {}
    for row in rows:
        found.setdefault(row.level, {})[row.key] = row.value
    return found
