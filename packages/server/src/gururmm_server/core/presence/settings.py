"""From when on something counts as a problem of a machine."""

from typing import Final

from gururmm_server.core.setting import WHOLE_PARTNERS, Number, Setting
from gururmm_server.core.settings.permissions import SETTINGS_WRITE

_GROUP: Final = "What counts as a problem"

DISK_FULL: Final = Setting(
    key="disk_full_percent",
    group=_GROUP,
    title="A full disk",
    sentence="Above which use of its fullest disk a machine needs somebody.",
    kind=Number(50, 99, "percent"),
    default=90,
    levels=WHOLE_PARTNERS,
    permission=SETTINGS_WRITE,
)
MEMORY_HIGH: Final = Setting(
    key="memory_high_percent",
    group=_GROUP,
    title="Little memory left",
    sentence="Above which use of its memory a machine that is online needs somebody.",
    kind=Number(50, 99, "percent"),
    default=95,
    levels=WHOLE_PARTNERS,
    permission=SETTINGS_WRITE,
)
OFFLINE_LONG: Final = Setting(
    key="offline_long_hours",
    group=_GROUP,
    title="Offline for long",
    sentence="After how long offline a machine needs somebody.",
    kind=Number(1, 8760, "hours"),
    default=24,
    levels=WHOLE_PARTNERS,
    permission=SETTINGS_WRITE,
)
SETTINGS: Final = (DISK_FULL, MEMORY_HIGH, OFFLINE_LONG)
