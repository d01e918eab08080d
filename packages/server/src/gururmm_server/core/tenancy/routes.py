"""REST of tenancy: /tree, /clients, /sites, codes, and the settings of a Site."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from gururmm_server.core.access.doors import requires
from gururmm_server.core.access.freshness import ALWAYS
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.idempotency.doors import OncePerKey, once_per_key
from gururmm_server.core.setting import Level
from gururmm_server.core.settings.permissions import SETTINGS_READ, SETTINGS_WRITE
from gururmm_server.core.settings.schemas import Changes, ChangesAt, SettingsPage
from gururmm_server.core.settings.service import SettingsService, SiteAt
from gururmm_server.core.tenancy.codes import SiteCodes
from gururmm_server.core.tenancy.permissions import CODES_WRITE, SITES_READ, SITES_WRITE
from gururmm_server.core.tenancy.schemas import (
    Client,
    Code,
    Codes,
    Named,
    NewCode,
    NewSite,
    Site,
    Tree,
)
from gururmm_server.core.tenancy.service import CLIENT_SORTS, SITE_SORTS, Tenancy
from gururmm_server.infra.paging import Page, PageQuery, page_query
from gururmm_server.infra.responses import json_response

Reader = Annotated[Scope, requires(SITES_READ)]
Writer = Annotated[Scope, requires(SITES_WRITE)]
Deleter = Annotated[Scope, requires(SITES_WRITE, fresh=ALWAYS)]
CodeWriter = Annotated[Scope, requires(CODES_WRITE)]


def build_router(tenancy: Tenancy, codes: SiteCodes, settings: SettingsService) -> APIRouter:
    """Returns the routes that people of a Partner use."""
    router = APIRouter(route_class=OncePerKey)
    _add_clients(router, tenancy)
    _add_sites(router, tenancy)
    _add_codes(router, codes)
    _add_settings(router, tenancy, settings)
    return router


def _add_clients(router: APIRouter, tenancy: Tenancy) -> None:
    @router.get("/tree", tags=["clients"])
    async def get_tree(caller: Reader) -> Tree:
        return await tenancy.tree(caller)

    @router.get("/clients", tags=["clients"])
    async def list_clients(
        caller: Reader, query: Annotated[PageQuery, page_query(CLIENT_SORTS, "name")]
    ) -> Page[Client]:
        return await tenancy.clients(caller, query)

    @router.post("/clients", status_code=201, tags=["clients"], dependencies=[once_per_key()])
    async def create_client(body: Named, caller: Writer) -> Client:
        return await tenancy.create_client(caller, body.name)

    @router.get("/clients/{client_id}", tags=["clients"])
    async def get_client(client_id: UUID, caller: Reader) -> Client:
        return await tenancy.client(caller, client_id)

    @router.patch("/clients/{client_id}", tags=["clients"])
    async def rename_client(client_id: UUID, body: Named, caller: Writer) -> Client:
        return await tenancy.rename_client(caller, client_id, body.name)

    @router.delete("/clients/{client_id}", status_code=204, tags=["clients"])
    async def delete_client(client_id: UUID, caller: Deleter) -> None:
        await tenancy.delete_client(caller, client_id)


def _add_sites(router: APIRouter, tenancy: Tenancy) -> None:
    @router.get("/sites", tags=["sites"])
    async def list_sites(
        caller: Reader,
        query: Annotated[PageQuery, page_query(SITE_SORTS, "name")],
        client_id: UUID | None = None,
    ) -> Page[Site]:
        return await tenancy.sites(caller, query, client_id)

    @router.post("/sites", status_code=201, tags=["sites"], dependencies=[once_per_key()])
    async def create_site(body: NewSite, caller: Writer) -> Site:
        return await tenancy.create_site(caller, body.client_id, body.name)

    @router.get("/sites/{site_id}", tags=["sites"])
    async def get_site(site_id: UUID, caller: Reader) -> Site:
        return await tenancy.site(caller, site_id)

    @router.patch("/sites/{site_id}", tags=["sites"])
    async def rename_site(site_id: UUID, body: Named, caller: Writer) -> Site:
        return await tenancy.rename_site(caller, site_id, body.name)

    @router.delete("/sites/{site_id}", status_code=204, tags=["sites"])
    async def delete_site(site_id: UUID, caller: Deleter) -> None:
        await tenancy.delete_site(caller, site_id)


def _add_codes(router: APIRouter, codes: SiteCodes) -> None:
    # A code lets machines in, so reading one takes the same permission as making one.
    @router.get("/sites/{site_id}/codes", tags=["sites"])
    async def list_codes(site_id: UUID, caller: CodeWriter) -> Codes:
        return await codes.list(caller, site_id)

    @router.post("/sites/{site_id}/codes", status_code=201, tags=["sites"], dependencies=[once_per_key()])
    async def create_code(site_id: UUID, body: NewCode, caller: CodeWriter) -> Code:
        return await codes.create(caller, site_id, body)

    @router.post("/sites/{site_id}/codes/rotate", status_code=201, tags=["sites"], dependencies=[once_per_key()])
    async def rotate_codes(site_id: UUID, body: NewCode, caller: CodeWriter) -> Code:
        return await codes.rotate(caller, site_id, body)

    @router.post("/sites/{site_id}/codes/{code_id}/revoke", tags=["sites"])
    async def revoke_code(site_id: UUID, code_id: UUID, caller: CodeWriter) -> Code:
        return await codes.revoke(caller, site_id, code_id)


def _add_settings(router: APIRouter, tenancy: Tenancy, settings: SettingsService) -> None:
    changes = ChangesAt(settings.declared, Level.SITE)

    async def found(caller: Scope, site_id: UUID) -> SiteAt:
        site = await tenancy.site(caller, site_id)
        return SiteAt(site.id, site.name, site.client_id)

    @router.get("/sites/{site_id}/settings", tags=["settings"], response_model=SettingsPage)
    async def get_site_settings(site_id: UUID, caller: Annotated[Scope, requires(SETTINGS_READ)]) -> Response:
        return json_response(await settings.page(caller, await found(caller, site_id)))

    @router.patch("/sites/{site_id}/settings", tags=["settings"], response_model=SettingsPage)
    async def change_site_settings(
        site_id: UUID, body: Annotated[Changes, changes], caller: Annotated[Scope, requires(SETTINGS_WRITE)]
    ) -> Response:
        return json_response(await settings.change(caller, body, await found(caller, site_id)))
