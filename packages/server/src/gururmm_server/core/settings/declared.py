"""What may be set of how agents behave. Their keys are the names of `wire.Settings`, which agents are told."""

from typing import Final

from gururmm_wire.v2 import server as wire
from gururmm_wire.v2.names import LOG_LEVELS

from gururmm_server.core.setting import EVERYWHERE, Choice, Number, SetAt, Setting, resolve
from gururmm_server.core.settings.permissions import SETTINGS_WRITE

_GROUP: Final = "What machines report"

HEARTBEAT: Final = Setting(
    key="heartbeat_s",
    group=_GROUP,
    title="Heartbeat",
    sentence="How often a machine says that it is there.",
    kind=Number(5, 3600, "seconds"),
    default=30,
    levels=EVERYWHERE,
    permission=SETTINGS_WRITE,
)
METRICS: Final = Setting(
    key="metrics_s",
    group=_GROUP,
    title="Readings",
    sentence="How often CPU, memory, disks and network are read and kept.",
    kind=Number(5, 3600, "seconds"),
    default=60,
    levels=EVERYWHERE,
    permission=SETTINGS_WRITE,
)
INVENTORY: Final = Setting(
    key="inventory_s",
    group=_GROUP,
    title="Inventory",
    sentence="How often a machine looks again at its hardware and software.",
    kind=Number(60, 86_400, "seconds"),
    default=900,
    levels=EVERYWHERE,
    permission=SETTINGS_WRITE,
)
LOG_LEVEL: Final = Setting(
    key="log_level",
    group=_GROUP,
    title="Log of the agents",
    sentence="How much an agent writes into the log on its own machine.",
    kind=Choice(LOG_LEVELS),
    default="INFO",
    levels=EVERYWHERE,
    permission=SETTINGS_WRITE,
)

NUMBERS: Final = (HEARTBEAT, METRICS, INVENTORY)
TOLD: Final = (*NUMBERS, LOG_LEVEL)
"""What agents are told of."""
TOLD_KEYS: Final = frozenset(setting.key for setting in TOLD)


def told_at(set_at: SetAt, version: int = 0) -> wire.Settings:
    """Returns what the agents of a place are told."""
    numbers = {setting.key: resolve(setting, set_at).value for setting in NUMBERS}
    return wire.Settings(version=version, log_level=resolve(LOG_LEVEL, set_at).value, **numbers)
