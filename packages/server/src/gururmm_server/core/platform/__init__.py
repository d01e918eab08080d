"""The Platform's doors: its staff list, make, enter and leave Partners, each act recorded with who and why.

Owns no table: Partners are tenancy's, people are identity's. Refuses to look into a Partner without entering it.
"""

from typing import TYPE_CHECKING, Final

from gururmm_server.core.component import Component, House
from gururmm_server.core.platform.permissions import PERMISSIONS

if TYPE_CHECKING:
    from fastapi import APIRouter


def _routes(house: House) -> "APIRouter":
    from gururmm_server.core.identity.browser import BrowserDoor
    from gururmm_server.core.identity.service import Identity
    from gururmm_server.core.platform.routes import build_router
    from gururmm_server.core.platform.service import Partners

    return build_router(house.get(Partners), house.get(Identity), house.get(BrowserDoor))


COMPONENT: Final = Component(
    name="platform",
    permissions=PERMISSIONS,
    routes=_routes,
)
