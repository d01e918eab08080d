"""/api/v1/audit."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from gururmm_server.core.access.doors import requires
from gururmm_server.core.access.freshness import ALWAYS
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.audit.chains import Kind
from gururmm_server.core.audit.permissions import AUDIT_READ
from gururmm_server.core.audit.reading import SORTS, AuditReading, Entry, Filter, Verified
from gururmm_server.infra.errors import InvalidInput
from gururmm_server.infra.fields import Moment
from gururmm_server.infra.paging import Page, PageQuery, page_query

Reader = Annotated[Scope, requires(AUDIT_READ, fresh=ALWAYS)]
Verifier = Annotated[Scope, requires(AUDIT_READ)]
Exact = Annotated[str | None, Query(max_length=254)]


def build_router(audit: AuditReading) -> APIRouter:
    """Returns the routes, to be mounted under /api/v1."""
    router = APIRouter(prefix="/audit", tags=["audit"])

    @router.get("")
    async def list_audit(
        *,
        caller: Reader,
        query: Annotated[PageQuery, page_query(SORTS, "-at")],
        operation: Exact = None,
        actor: Exact = None,
        agent_id: UUID | None = None,
        session_id: UUID | None = None,
        since: Annotated[Moment | None, Query(alias="from")] = None,
        until: Annotated[Moment | None, Query(alias="to")] = None,
        kind: Kind | None = None,
    ) -> Page[Entry]:
        """Both chains, newest first. That you read them is recorded."""
        chosen = Filter(
            kind=kind,
            operation=_exact("operation", operation),
            actor=_exact("actor", actor),
            agent_id=agent_id,
            session_id=session_id,
            since=since,
            until=until,
        )
        return await audit.page(caller, chosen, query)

    @router.get("/verify")
    async def verify_audit(caller: Verifier) -> Verified:
        """Recompute both chains of hashes."""
        return await audit.verify(caller)

    return router


def _exact(field: str, value: str | None) -> str | None:
    if value is not None and not value.isprintable():
        raise InvalidInput(details=[{"field": field, "message": "Control characters are not allowed here."}])
    return value or None
