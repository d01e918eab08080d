"""What people set, for the Platform, a Partner or a Site; and what agents are told of it.

Owns core.platform_settings, setting_values, tenant_settings, site_settings and agent_settings: the values that are set,
and the configurations of Partners, of Sites that differ and of machines there, as signed orders. Which settings there
are is declared by components, in `settings`. Refuses to know what a value is good for.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from gururmm_server.core.component import Component, Consumer, House, Job
from gururmm_server.core.settings.declared import TOLD
from gururmm_server.core.settings.events import EVENTS, SettingsChanged
from gururmm_server.core.settings.permissions import PERMISSIONS

if TYPE_CHECKING:
    from fastapi import APIRouter


def _routes(house: House) -> "APIRouter":
    from gururmm_server.core.settings.routes import build_router
    from gururmm_server.core.settings.service import SettingsService

    return build_router(house.get(SettingsService))


def _jobs(house: House) -> Sequence[Job]:
    from gururmm_server.core.orders.signing import OrderSigner
    from gururmm_server.core.post.service import Post
    from gururmm_server.core.settings.jobs import sign_settings

    work = partial(sign_settings, house.db, house.get(Post), house.get(OrderSigner))
    return [Job("settings_orders", 30, work)]


def _consumers(house: House) -> Sequence[Consumer]:
    from gururmm_server.core.orders.signing import OrderSigner
    from gururmm_server.core.post.service import Post
    from gururmm_server.core.settings.jobs import tell_all

    take = partial(tell_all, house.db, house.get(Post), house.get(OrderSigner))
    return [Consumer("settings", f"events.*.{SettingsChanged.name}", take)]


COMPONENT: Final = Component(
    name="settings",
    tables=("agent_settings", "platform_settings", "setting_values", "site_settings", "tenant_settings"),
    permissions=PERMISSIONS,
    settings=TOLD,
    events=EVENTS,
    routes=_routes,
    jobs=_jobs,
    consumers=_consumers,
)
