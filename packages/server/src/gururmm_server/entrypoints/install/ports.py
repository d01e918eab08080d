"""What the install page needs of the core, in its own words."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class InstallSite:
    """Where a code leads."""

    partner_name: str
    client_name: str
    site_name: str
    usable: bool
    """False when the code was revoked, has expired, or was used as often as it may be."""


class SiteCodes(Protocol):
    """Looks site codes up."""

    async def find(self, code: str) -> InstallSite | None:
        """Returns the Site of `code`; None when no such code was ever made. Does not count as a use."""
        ...
