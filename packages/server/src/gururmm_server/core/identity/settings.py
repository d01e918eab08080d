"""What may be set of sign-ins."""

from typing import Final

from gururmm_server.core.setting import WHOLE_PARTNERS, Number, Setting
from gururmm_server.core.settings.permissions import SETTINGS_WRITE

LONGEST_HOURS: Final = 720
SESSION_HOURS: Final = Setting(
    key="session_hours",
    group="Sign-in",
    title="A sign-in lasts",
    sentence="After how long somebody has to sign in again, whatever they do; it counts for sign-ins from then on.",
    kind=Number(1, LONGEST_HOURS, "hours"),
    default=LONGEST_HOURS,
    levels=WHOLE_PARTNERS,
    permission=SETTINGS_WRITE,
)
SETTINGS: Final = (SESSION_HOURS,)
