"""Words that people hang on machines, Sites and Clients, to find those by that belong together.

Owns core.tags. Refuses to mean anything: a tag is found and shown, and nothing acts by it.
"""

from typing import TYPE_CHECKING, Final

from gururmm_server.core.component import Component, House
from gururmm_server.core.tags._search_repository import FIELDS
from gururmm_server.core.tags.permissions import PERMISSIONS

if TYPE_CHECKING:
    from fastapi import APIRouter


def _routes(house: House) -> "APIRouter":
    from gururmm_server.core.tags.routes import build_router
    from gururmm_server.core.tags.service import Tags

    return build_router(house.get(Tags))


COMPONENT: Final = Component(
    name="tags",
    tables=("tags",),
    permissions=PERMISSIONS,
    search_fields=FIELDS,
    routes=_routes,
)
