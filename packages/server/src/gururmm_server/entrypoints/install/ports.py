"""What the install page needs of the core, in its own words."""

from typing import Protocol


class InstallSite(Protocol):
    """Where a code leads."""

    @property
    def partner_name(self) -> str: ...
    @property
    def client_name(self) -> str: ...
    @property
    def site_name(self) -> str: ...
    @property
    def usable(self) -> bool:
        """False when the code was revoked, has expired, or was used as often as it may be."""
        ...


class SiteCodes(Protocol):
    """Looks site codes up."""

    async def find(self, code: str) -> InstallSite | None:
        """The Site of `code`; None when no such code was ever made. Does not count as a use."""
        ...
