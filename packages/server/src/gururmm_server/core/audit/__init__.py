"""Who did what, in two hash chains per tenant: `tunnel_audit` for machines, `audit_log` for the product.

Owns the appending and the reading of both, and the meta-audit of every read. Refuses to update or delete, and to let
an action go on whose row could not be written: callers append before they act.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gururmm_server.core.audit.permissions import PERMISSIONS
from gururmm_server.core.component import Component, House, Job

if TYPE_CHECKING:
    from fastapi import APIRouter


def _routes(house: House) -> "APIRouter":
    from gururmm_server.core.audit.reading import AuditReading
    from gururmm_server.core.audit.routes import build_router

    return build_router(house.get(AuditReading))


def _jobs(house: House) -> Sequence[Job]:
    from gururmm_server.core.audit.signing import EVERY_S
    from gururmm_server.core.audit.store import head_signer

    return [Job("audit_heads", EVERY_S, head_signer(house.settings, house.db).sign)]


COMPONENT: Final = Component(
    name="audit",
    tables=("audit_chains", "audit_log", "audit_reads", "tunnel_audit"),
    offers=("append_audit",),
    permissions=PERMISSIONS,
    routes=_routes,
    jobs=_jobs,
)
