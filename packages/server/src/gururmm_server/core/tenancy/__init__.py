"""Partners, their Clients, Sites and site codes, and their settings.

Owns core.tenants, tenant_settings, clients, sites and site_codes, and tells the record of machines when a name changes.
Refuses to know people, who are identity's, and to know more of machines than how many are where.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gururmm_server.core.component import Component, House, Job
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


def _jobs(house: House) -> Sequence[Job]:
    from gururmm_server.core.orders.signing import OrderSigner
    from gururmm_server.core.tenancy.jobs import sign_settings

    signer = house.get(OrderSigner)
    return [Job("settings_orders", 30, lambda: sign_settings(house.db, house.bus, signer))]


COMPONENT: Final = Component(
    name="tenancy",
    tables=("clients", "site_codes", "sites", "tenant_settings", "tenants"),
    offers=("client_counts", "client_names", "partner_labels", "partners", "places"),
    permissions=PERMISSIONS,
    events=EVENTS,
    routes=_routes,
    jobs=_jobs,
)
