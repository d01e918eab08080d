"""What a Partner's agents are told about how to behave, as an order for all of them at once."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from gururmm_wire.v2.limits import ORDER_SECONDS
from gururmm_wire.v2.server import Settings, SettingsPush

from gururmm_server.core.orders.signing import Wanted
from gururmm_server.infra.clock import now
from gururmm_server.infra.ids import new_id

_VALID: Final = timedelta(seconds=ORDER_SECONDS)


def settings_order(tenant_id: UUID, settings: Settings) -> Wanted:
    """Returns the order of these settings. The worker signs it anew each day, so that a valid one is always at hand."""
    return Wanted(SettingsPush(settings), tenant_id, new_id(), now() + _VALID)
