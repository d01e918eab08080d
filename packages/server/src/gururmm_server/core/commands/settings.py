"""What may be set of commands."""

from typing import Final

from gururmm_server.core.quotas.resources import KEPT_DAYS
from gururmm_server.core.setting import WHOLE_PARTNERS, Number, Setting
from gururmm_server.core.settings.permissions import SETTINGS_WRITE

OUTPUT_KEPT: Final = Setting(
    key="command_output_kept_days",
    group="What is kept",
    title="Output of commands",
    sentence="After how long the output of a command is deleted; what was run, and how it ended, stays.",
    kind=Number(1, KEPT_DAYS, "days"),
    default=KEPT_DAYS,
    levels=WHOLE_PARTNERS,
    permission=SETTINGS_WRITE,
    lowering_deletes=True,
)
SETTINGS: Final = (OUTPUT_KEPT,)
