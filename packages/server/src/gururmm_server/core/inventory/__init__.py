"""What machines hold: sections as agents report them, and every change of one as history.

Owns core.agent_inventory and inventory_changes. Refuses to trust the shape of anything in a section.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gururmm_server.core.component import Component, House, Job
from gururmm_server.core.inventory.events import EVENTS
from gururmm_server.core.inventory.settings import SETTINGS

if TYPE_CHECKING:
    from fastapi import APIRouter


def _routes(house: House) -> "APIRouter":
    from gururmm_server.core.inventory.routes import build_router
    from gururmm_server.core.inventory.service import Inventory

    return build_router(house.get(Inventory))


def _jobs(house: House) -> Sequence[Job]:
    from gururmm_server.core.inventory.jobs import forget_changes

    return [Job("inventory_history", 6 * 3600, lambda: forget_changes(house.db))]


COMPONENT: Final = Component(
    name="inventory",
    tables=("agent_inventory", "inventory_changes"),
    offers=("machine_inventory",),
    settings=SETTINGS,
    events=EVENTS,
    routes=_routes,
    jobs=_jobs,
)
