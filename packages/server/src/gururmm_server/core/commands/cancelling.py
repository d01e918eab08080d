"""The order that ends a command's process tree."""

from datetime import timedelta
from typing import Final

from gururmm_wire.v2.limits import ORDER_SECONDS
from gururmm_wire.v2.server import CancelCommand

from gururmm_server.core.orders.signing import Wanted
from gururmm_server.infra.clock import now
from gururmm_server.infra.database import Row

_VALID: Final = timedelta(seconds=ORDER_SECONDS)


def cancellation(row: Row) -> Wanted:
    """Returns what the machine of a command (agent_id, command_id) is to be told; it may come late."""
    command_id = row["command_id"]
    return Wanted(CancelCommand(command_id.bytes), row["agent_id"], command_id, now() + _VALID)
