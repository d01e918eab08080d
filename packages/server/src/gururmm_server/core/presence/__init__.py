"""Who is connected, and where, and what is wrong there: what gateways write each second about agents and themselves.

Owns core.agent_state, agent_doubles, gateways and online_history. Refuses to cost a statement for each heartbeat:
everything is written for many agents at once.
"""

from asyncio import get_running_loop
from collections.abc import Sequence
from typing import Final

from gururmm_server.core.component import Component, House, Job
from gururmm_server.core.presence._search_repository import FIELDS
from gururmm_server.core.presence.events import EVENTS
from gururmm_server.core.presence.settings import SETTINGS


def _jobs(house: House) -> Sequence[Job]:
    from gururmm_server.core.presence.jobs import GatewayWatch, mark_problems, sample_online

    gateways, clock = house.get(GatewayWatch), get_running_loop().time
    return [
        Job("problems", 15, lambda: mark_problems(house.db)),
        Job("online_history", 300, lambda: sample_online(house.db)),
        # Every worker looks for itself: what it has seen is its own memory.
        Job("dead_gateways", 5, lambda: gateways.look(clock()), alone=False),
    ]


COMPONENT: Final = Component(
    name="presence",
    tables=("agent_doubles", "agent_state", "gateways", "online_history"),
    offers=("machine_states", "online_points", "running_settings"),
    settings=SETTINGS,
    events=EVENTS,
    search_fields=FIELDS,
    jobs=_jobs,
)
