"""Partners, their Clients, Sites and site codes.

Owns core.tenants, clients, sites and site_codes, and tells the record of machines when a name changes.
Refuses to know people, who are identity's, and to know more of machines than how many are where.
"""

from typing import TYPE_CHECKING, Final

from gururmm_server.core.component import Component, House
from gururmm_server.core.tenancy.events import EVENTS
from gururmm_server.core.tenancy.permissions import PERMISSIONS
from gururmm_server.core.tenancy.settings import SETTINGS

if TYPE_CHECKING:
    from fastapi import APIRouter


def _routes(house: House) -> "APIRouter":
    from gururmm_server.core.settings.service import SettingsService
    from gururmm_server.core.tenancy.codes import SiteCodes
    from gururmm_server.core.tenancy.routes import build_router
    from gururmm_server.core.tenancy.service import Tenancy

    return build_router(house.get(Tenancy), house.get(SiteCodes), house.get(SettingsService))


COMPONENT: Final = Component(
    name="tenancy",
    tables=("clients", "site_codes", "sites", "tenants"),
    offers=("client_counts", "client_names", "partners", "places"),
    permissions=PERMISSIONS,
    settings=SETTINGS,
    events=EVENTS,
    routes=_routes,
)
