"""Which components this build is made of: the one list that api, gateway and worker fold.

A new component is mounted by its name here. Lower ones come first; nothing but the order of endings hangs on it.
"""

from importlib import import_module
from typing import Final

from gururmm_server.core.component import Component

_NAMES: Final = (
    "agents",
    "audit",
    "idempotency",
    "events",
    "settings",
    "presence",
    "tenancy",
    "quotas",
    "factors",
    "identity",
    "platform",
    "telemetry",
    "inventory",
    "orders",
    "enrolment",
    "fleet",
    "tags",
    "views",
    "commands",
    "tunnel",
    "overview",
)


def _component(name: str) -> Component:
    """Returns what a folder of core exports. Raises `TypeError` where that is no component."""
    found = import_module(f"gururmm_server.core.{name}").COMPONENT
    if not isinstance(found, Component) or found.name != name:
        raise TypeError(f"core/{name} exports no component of its name")
    return found


COMPONENTS: Final = tuple(map(_component, _NAMES))
