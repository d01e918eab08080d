"""Tech sessions: channels to a machine, relayed between a browser and an agent.

Owns core.tunnel_sessions, core.tunnel_channels and core.tunnel_recording, the relay between both ends and the leases
that end what nobody looks at any more. Refuses to forward a byte of input whose audit row is not committed, to give one
person's session to another, and to hold more of a channel in memory than the credit it gave.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gururmm_server.core.component import Component, Ending, House, Job
from gururmm_server.core.tunnel.events import EVENTS
from gururmm_server.core.tunnel.permissions import PERMISSIONS
from gururmm_server.core.tunnel.settings import SETTINGS

if TYPE_CHECKING:
    from fastapi import APIRouter


def _routes(house: House) -> "APIRouter":
    from gururmm_server.core.tunnel.routes import build_router
    from gururmm_server.core.tunnel.service import TunnelService

    return build_router(house.get(TunnelService))


def _jobs(house: House) -> Sequence[Job]:
    from gururmm_server.core.tunnel.jobs import forget_recordings
    from gururmm_server.core.tunnel.service import close_expired

    return [
        Job("tunnel_leases", 5, lambda: close_expired(house.db, house.bus)),
        Job("recordings", 6 * 3600, lambda: forget_recordings(house.db)),
    ]


def _endings(_house: House) -> Sequence[Ending]:
    from gururmm_server.core.tunnel.closing import close_all

    return [close_all]


COMPONENT: Final = Component(
    name="tunnel",
    tables=("tunnel_channels", "tunnel_recording", "tunnel_sessions"),
    offers=("opened_channels", "tech_sessions"),
    permissions=PERMISSIONS,
    settings=SETTINGS,
    events=EVENTS,
    routes=_routes,
    jobs=_jobs,
    endings=_endings,
)
