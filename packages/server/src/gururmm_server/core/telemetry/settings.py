"""What may be set of readings. They are dropped by the day and by the month, those of all Partners together."""

from typing import Final

from gururmm_server.core.setting import PLATFORM_ALONE, Number, Setting
from gururmm_server.core.settings.permissions import SETTINGS_WRITE

METRICS_KEPT: Final = Setting(
    key="metrics_kept_days",
    group="What is kept",
    title="Readings, each of them",
    sentence="After how long single readings of machines are dropped; their hourly averages stay.",
    kind=Number(8, 92, "days"),
    default=8,
    levels=PLATFORM_ALONE,
    permission=SETTINGS_WRITE,
    lowering_deletes=True,
)
HOURLY_KEPT: Final = Setting(
    key="hourly_metrics_kept_months",
    group="What is kept",
    title="Readings by the hour",
    sentence="After how long the hourly averages of readings are dropped.",
    kind=Number(2, 84, "months"),
    default=13,
    levels=PLATFORM_ALONE,
    permission=SETTINGS_WRITE,
    lowering_deletes=True,
)
SETTINGS: Final = (METRICS_KEPT, HOURLY_KEPT)
