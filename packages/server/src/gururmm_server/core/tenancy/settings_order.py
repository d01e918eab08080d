"""What a Partner's agents are told about how to behave, as an order for all of them at once."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from gururmm_wire.v2.limits import ORDER_SECONDS
from gururmm_wire.v2.server import Settings, SettingsPush

from gururmm_server.core.orders.signing import Wanted
from gururmm_server.infra.clock import now
from gururmm_server.infra.ids import new_id

_VALID: Final = timedelta(seconds=ORDER_SECONDS)
_FIELDS: Final = ("version", "heartbeat_s", "metrics_s", "inventory_s", "log_level")


def settings_order(tenant_id: UUID, values: Mapping[str, Any]) -> Wanted:
    """Returns the order of these settings. The worker signs it anew each day, so that a valid one is always at hand."""
    settings = Settings(**{name: values[name] for name in _FIELDS})
    return Wanted(SettingsPush(settings), tenant_id, new_id(), now() + _VALID)
