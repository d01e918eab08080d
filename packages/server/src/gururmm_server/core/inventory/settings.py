"""What may be set of the inventory's history."""

from typing import Final

from gururmm_server.core.setting import WHOLE_PARTNERS, Number, Setting
from gururmm_server.core.settings.permissions import SETTINGS_WRITE

CHANGES_KEPT: Final = Setting(
    key="inventory_changes_kept_days",
    group="What is kept",
    title="Changes of the inventory",
    sentence="After how long it is forgotten what was installed on a machine, attached or removed.",
    kind=Number(7, 2557, "days"),
    default=365,
    levels=WHOLE_PARTNERS,
    permission=SETTINGS_WRITE,
    lowering_deletes=True,
)
SETTINGS: Final = (CHANGES_KEPT,)
