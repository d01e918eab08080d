"""The record of machines: which there are, whose they are, where they belong, and by which key each proves itself.

Owns core.agents and core.removed_agents. Refuses to know how a machine is and what it holds (presence, telemetry and
inventory write that) and to act on one: `record` is what others read and write it by, `fleet` shows it to people.
"""

from typing import Final

from gururmm_server.core.agents._search_repository import FIELDS
from gururmm_server.core.agents.live import LIVE
from gururmm_server.core.agents.permissions import PERMISSIONS
from gururmm_server.core.component import Component

COMPONENT: Final = Component(
    name="agents",
    tables=("agents", "removed_agents"),
    offers=("claimants", "machine_counts", "machine_keys", "machines", "search_agents"),
    permissions=PERMISSIONS,
    live=LIVE,
    search_fields=FIELDS,
)
