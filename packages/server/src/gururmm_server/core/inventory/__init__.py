"""What machines hold: sections as agents report them, and every change of one as history.

Owns core.agent_inventory and inventory_changes, and by what software is found, software_titles and agent_software.
Refuses to trust the shape of anything in a section.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gururmm_server.core.component import Component, House, Job
from gururmm_server.core.inventory._search_repository import FIELDS
from gururmm_server.core.inventory.events import EVENTS
from gururmm_server.core.inventory.settings import SETTINGS

if TYPE_CHECKING:
    from fastapi import APIRouter


def _routes(house: House) -> "APIRouter":
    from gururmm_server.core.inventory.routes import build_router
    from gururmm_server.core.inventory.service import Inventory

    return build_router(house.get(Inventory))


def _jobs(house: House) -> Sequence[Job]:
    from gururmm_server.core.inventory.jobs import forget_changes, forget_titles

    return [
        Job("inventory_history", 6 * 3600, lambda: forget_changes(house.db)),
        Job("software_titles", 3600, lambda: forget_titles(house.db)),
    ]


COMPONENT: Final = Component(
    name="inventory",
    tables=("agent_inventory", "agent_software", "inventory_changes", "software_titles"),
    offers=("machine_inventory", "machines_with_software"),
    settings=SETTINGS,
    events=EVENTS,
    search_fields=FIELDS,
    routes=_routes,
    jobs=_jobs,
)
