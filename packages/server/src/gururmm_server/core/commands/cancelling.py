"""The order that ends a command's process tree."""

from datetime import timedelta
from typing import Final

from gururmm_wire.v2.limits import ORDER_SECONDS
from gururmm_wire.v2.server import CancelCommand

from gururmm_server.core.commands._repository import CommandRow
from gururmm_server.core.orders.signing import Wanted
from gururmm_server.infra.clock import now

_VALID: Final = timedelta(seconds=ORDER_SECONDS)


def cancellation(row: CommandRow) -> Wanted:
    """Returns what the machine of a command is to be told; it may come late."""
    return Wanted(CancelCommand(row.command_id.bytes), row.agent_id, row.command_id, now() + _VALID)
