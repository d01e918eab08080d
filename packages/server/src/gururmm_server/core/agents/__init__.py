"""The record of machines: which there are, where they belong, and questions put to one while somebody waits.

Owns core.agents and core.removed_agents. Refuses to act on a machine: scripts are commands, keystrokes are the
tunnel's. How machines are and what they hold is written by presence, telemetry and inventory; the record shows it.
"""

from typing import TYPE_CHECKING, Final

from gururmm_server.core.agents.live import LIVE
from gururmm_server.core.agents.permissions import PERMISSIONS
from gururmm_server.core.component import Component, House

if TYPE_CHECKING:
    from fastapi import APIRouter


def _routes(house: House) -> "APIRouter":
    from gururmm_server.core.agents.queries import LiveQueries
    from gururmm_server.core.agents.removal import AgentRemoval
    from gururmm_server.core.agents.routes import build_router
    from gururmm_server.core.agents.service import AgentService

    return build_router(house.get(AgentService), house.get(AgentRemoval), house.get(LiveQueries))


COMPONENT: Final = Component(
    name="agents",
    tables=("agents", "removed_agents"),
    permissions=PERMISSIONS,
    live=LIVE,
    routes=_routes,
)
