"""REST for Platform staff: the list of Partners, and the doors into and out of one."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from gururmm_server.core.access.doors import requires_platform
from gururmm_server.core.access.subject import Subject
from gururmm_server.core.idempotency.doors import OncePerKey, once_per_key
from gururmm_server.core.identity.browser import BrowserDoor, device_of
from gururmm_server.core.identity.doors import signed_in
from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.identity.schemas import Enter, SignedIn
from gururmm_server.core.identity.service import Identity
from gururmm_server.core.platform.permissions import PARTNERS_READ, PARTNERS_WRITE
from gururmm_server.core.platform.schemas import CreatedPartner, NewPartner, Partner, Quota
from gururmm_server.core.platform.service import SORTS, Partners
from gururmm_server.infra.paging import Page, PageQuery, page_query

PlatformReader = Annotated[Subject, requires_platform(PARTNERS_READ)]
PlatformWriter = Annotated[Subject, requires_platform(PARTNERS_WRITE)]
Person = Annotated[Principal, signed_in()]


def build_router(partners: Partners, identity: Identity, door: BrowserDoor) -> APIRouter:
    """Returns the routes that Platform staff use."""
    router = APIRouter(prefix="/platform", tags=["platform"], route_class=OncePerKey)

    @router.get("/partners")
    async def list_partners(
        caller: PlatformReader, query: Annotated[PageQuery, page_query(SORTS, "name")]
    ) -> Page[Partner]:
        return await partners.list(caller, query)

    @router.post("/partners", status_code=201, dependencies=[once_per_key()])
    async def create_partner(body: NewPartner, caller: PlatformWriter) -> CreatedPartner:
        return await partners.create(caller, body)

    @router.put("/partners/{partner_id}/quotas", status_code=204)
    async def give_quota(partner_id: UUID, body: Quota, caller: PlatformWriter) -> None:
        await partners.give_quota(caller, partner_id, body)

    @router.post("/partners/{partner_id}/enter", dependencies=[requires_platform(PARTNERS_WRITE)])
    async def enter_partner(
        partner_id: UUID, body: Enter, caller: Person, request: Request, response: Response
    ) -> SignedIn:
        token = door.own_token(request)
        started = await identity.enter_partner(caller, partner_id, body.reason, device_of(request), token)
        return door.hand_over(started, request, response)

    @router.post("/leave", dependencies=[requires_platform(PARTNERS_WRITE)])
    async def leave_partner(caller: Person, request: Request, response: Response) -> SignedIn:
        started = await identity.leave_partner(caller, device_of(request), door.own_token(request))
        return door.hand_over(started, request, response)

    return router
