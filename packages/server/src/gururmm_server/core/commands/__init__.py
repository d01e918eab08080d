"""Scripts that run on machines, once, whoever dies in between.

Owns core.commands and core.command_output: making, showing, cancelling and clearing here, the way to an agent and back
in `delivery`. Refuses to queue anything whose audit row was not written.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gururmm_server.core.commands.events import EVENTS
from gururmm_server.core.commands.live import LIVE
from gururmm_server.core.commands.permissions import PERMISSIONS
from gururmm_server.core.commands.settings import SETTINGS
from gururmm_server.core.component import Component, Ending, House, Job

if TYPE_CHECKING:
    from fastapi import APIRouter


def _routes(house: House) -> "APIRouter":
    from gururmm_server.core.commands.routes import build_router
    from gururmm_server.core.commands.service import CommandService

    return build_router(house.get(CommandService))


def _jobs(house: House) -> Sequence[Job]:
    from gururmm_server.core.commands.jobs import expire, forget_output, forget_scripts
    from gururmm_server.core.post.service import Post

    post = house.get(Post)
    return [
        Job("command_expiry", 5, lambda: expire(house.db, post)),
        Job("command_output", 6 * 3600, lambda: forget_output(house.db)),
        Job("command_scripts", 6 * 3600, lambda: forget_scripts(house.db)),
    ]


def _endings(house: House) -> Sequence[Ending]:
    from gururmm_server.core.commands.removal import CancelAll
    from gururmm_server.core.orders.signing import OrderSigner

    return [CancelAll(house.get(OrderSigner))]


COMPONENT: Final = Component(
    name="commands",
    tables=("command_output", "commands", "shared_scripts"),
    offers=("command_states",),
    permissions=PERMISSIONS,
    settings=SETTINGS,
    events=EVENTS,
    live=LIVE,
    routes=_routes,
    jobs=_jobs,
    endings=_endings,
)
