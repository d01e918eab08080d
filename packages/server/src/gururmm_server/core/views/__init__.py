"""What people keep of the fleet's list to come back to: a query, an order and columns, by a name.

Owns core.saved_views. Refuses to know what a query means (`core.search`) and which machines it finds now (fleet).
"""

from typing import TYPE_CHECKING, Final

from gururmm_server.core.component import Component, House
from gururmm_server.core.views.permissions import PERMISSIONS

if TYPE_CHECKING:
    from fastapi import APIRouter


def _routes(house: House) -> "APIRouter":
    from gururmm_server.core.views.routes import build_router
    from gururmm_server.core.views.service import SavedViews

    return build_router(house.get(SavedViews))


COMPONENT: Final = Component(
    name="views",
    tables=("saved_views",),
    permissions=PERMISSIONS,
    routes=_routes,
)
