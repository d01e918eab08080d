"""In which words people read of Partners, Clients, Sites and Agents."""

from typing import Final

from gururmm_server.core.setting import WHOLE_PARTNERS, Setting, Text
from gururmm_server.core.settings.permissions import SETTINGS_WRITE


def _label(tier: str) -> Setting[str]:
    return Setting(
        key=f"label_{tier.lower()}",
        group="Your words",
        title=f"Instead of “{tier}”",
        sentence=f"What the dashboard calls one {tier}.",
        kind=Text(40),
        default=tier,
        levels=WHOLE_PARTNERS,
        permission=SETTINGS_WRITE,
    )


LABELS: Final = {tier.lower(): _label(tier) for tier in ("Partner", "Client", "Site", "Agent")}
SETTINGS: Final = tuple(LABELS.values())
