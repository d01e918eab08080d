"""Mission Control's numbers: how many machines, how well they are, and what needs somebody now.

Owns no table: it counts what other components own. Refuses to write.
"""

from typing import TYPE_CHECKING, Final

from gururmm_server.core.component import Component, House

if TYPE_CHECKING:
    from fastapi import APIRouter


def _routes(house: House) -> "APIRouter":
    from gururmm_server.core.overview.routes import build_router
    from gururmm_server.core.overview.service import Overview

    return build_router(house.get(Overview))


COMPONENT: Final = Component(
    name="overview",
    routes=_routes,
)
