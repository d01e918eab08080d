"""Partners, their Clients, Sites and site codes, and their settings.

Owns core.tenants, tenant_settings, clients, sites and site_codes, and keeps the copies of Client and Site names on
core.agents true. Refuses to know people (identity) or machines (agents): it counts the latter and no more.
"""

from typing import TYPE_CHECKING, Final

from gururmm_server.core.component import Component, House
from gururmm_server.core.tenancy.events import EVENTS
from gururmm_server.core.tenancy.permissions import PERMISSIONS

if TYPE_CHECKING:
    from fastapi import APIRouter


def _routes(house: House) -> "APIRouter":
    from gururmm_server.core.tenancy.codes import SiteCodes
    from gururmm_server.core.tenancy.partner_settings import PartnerSettings
    from gururmm_server.core.tenancy.routes import build_router
    from gururmm_server.core.tenancy.service import Tenancy

    return build_router(house.get(Tenancy), house.get(SiteCodes), house.get(PartnerSettings))


COMPONENT: Final = Component(
    name="tenancy",
    tables=("clients", "site_codes", "sites", "tenant_settings", "tenants"),
    permissions=PERMISSIONS,
    events=EVENTS,
    routes=_routes,
)
