"""What may be set of tech sessions."""

from typing import Final

from gururmm_server.core.quotas.resources import KEPT_DAYS
from gururmm_server.core.setting import EVERYWHERE, WHOLE_PARTNERS, Number, Setting
from gururmm_server.core.settings.permissions import SETTINGS_WRITE

TERMINAL_GRACE: Final = Setting(
    key="terminal_grace_s",
    group="Terminals",
    title="A terminal waits",
    sentence="How long a shell goes on when its page is closed or the network drops; for sessions opened from then on.",
    kind=Number(60, 86_400, "seconds"),
    default=600,
    levels=EVERYWHERE,
    permission=SETTINGS_WRITE,
)
RECORDINGS_KEPT: Final = Setting(
    key="recordings_kept_days",
    group="What is kept",
    title="Recordings of terminals",
    sentence="After how long the recording of a session is deleted; who was where, and what they typed, stays.",
    kind=Number(1, KEPT_DAYS, "days"),
    default=KEPT_DAYS,
    levels=WHOLE_PARTNERS,
    permission=SETTINGS_WRITE,
    lowering_deletes=True,
)
SETTINGS: Final = (TERMINAL_GRACE, RECORDINGS_KEPT)
