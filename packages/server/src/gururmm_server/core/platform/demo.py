"""The demo's Partner: what `gururmm demo` shows. Made through the product's own services, once; found again later."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.access.subject import person
from gururmm_server.core.identity.seeding import seed_partner_admin
from gururmm_server.core.tenancy.codes import SiteCodes
from gururmm_server.core.tenancy.partners import add_partner, partner_exists
from gururmm_server.core.tenancy.schemas import NewCode
from gururmm_server.core.tenancy.service import Tenancy
from gururmm_server.infra.database import Database

EMAIL: Final = "demo@gururmm.example"
_PARTNER: Final = "Northwind IT"
_TENANT_ID: Final = UUID("0193f2a0-0000-7000-8000-00000000de30")
_CLIENTS: Final = {
    "Alder & Pine Law": ("Chicago office", "Cloud"),
    "Fjord Logistics": ("Headquarters", "Warehouse"),
    "Harbor Dental": ("Main practice", "Lakeside branch"),
}


@dataclass(frozen=True, slots=True)
class DemoSeed:
    """How to get into the demo Partner, and its Sites' codes in a steady order."""

    tenant_id: UUID
    email: str
    password: str
    site_codes: list[str]


async def seed(db: Database, password: str, public_url: str) -> DemoSeed:
    """Make the demo's Partner, admin, Clients, Sites and codes where they are missing; the admin has this password."""
    async with db.platform("gururmm demo", "make the demo Partner") as tx:
        if not await partner_exists(tx, _TENANT_ID):
            await add_partner(tx, _TENANT_ID, _PARTNER, person(_TENANT_ID, EMAIL))
    user_id = await seed_partner_admin(db, _TENANT_ID, EMAIL, "Demo Admin", password)
    caller = Scope(subject=person(user_id, EMAIL), tenant_id=_TENANT_ID)
    tenancy, codes = Tenancy(db), SiteCodes(db, public_url)
    tree = await tenancy.tree(caller)
    if not tree.clients:
        for name, sites in _CLIENTS.items():
            client = await tenancy.create_client(caller, name)
            for site in sites:
                await tenancy.create_site(caller, client.id, site)
        tree = await tenancy.tree(caller)
    sites_in_order = [site for client in tree.clients for site in client.sites]
    return DemoSeed(_TENANT_ID, EMAIL, password, [await _code(codes, caller, site.id) for site in sites_in_order])


async def _code(codes: SiteCodes, caller: Scope, site_id: UUID) -> str:
    for known in (await codes.list(caller, site_id)).items:
        if known.state == "active":
            return known.code
    return (await codes.create(caller, site_id, NewCode())).code
