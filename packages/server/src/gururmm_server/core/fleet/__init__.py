"""Machines as people see them: the list, one machine, moving and removing one, questions put to one meanwhile.

Owns no table: it shows what agents, presence and inventory offer, and changes machines through their record. Refuses to
act on a machine: scripts are commands, keystrokes are the tunnel's.
"""

from typing import TYPE_CHECKING, Final

from gururmm_server.core.component import Component, House

if TYPE_CHECKING:
    from fastapi import APIRouter


def _routes(house: House) -> "APIRouter":
    from gururmm_server.core.fleet.doubles import DoubleMachines
    from gururmm_server.core.fleet.former import FormerMachines
    from gururmm_server.core.fleet.queries import LiveQueries
    from gururmm_server.core.fleet.removal import AgentRemoval
    from gururmm_server.core.fleet.routes import build_router
    from gururmm_server.core.fleet.service import AgentService

    return build_router(
        agents=house.get(AgentService),
        removal=house.get(AgentRemoval),
        former=house.get(FormerMachines),
        doubles=house.get(DoubleMachines),
        queries=house.get(LiveQueries),
    )


COMPONENT: Final = Component(
    name="fleet",
    routes=_routes,
)
