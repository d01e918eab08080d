"""Who is asking and what they may do: people, roles, sign-in, sessions, invitations, one-use tickets.

Owns core.users, msp_users, tenant_users, user_sessions, sign_in_steps, sign_in_rules, invitations and stream_tickets.
Refuses to know what a permission protects: routes declare the permission that they need, and a test refuses a route
that declares none.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gururmm_server.core.component import Component, Hold, House, Job
from gururmm_server.core.identity.permissions import PERMISSIONS
from gururmm_server.core.identity.settings import SETTINGS

if TYPE_CHECKING:
    from fastapi import APIRouter


def _routes(house: House) -> "APIRouter":
    from gururmm_server.core.identity.browser import BrowserDoor
    from gururmm_server.core.identity.factor_routes import add_factor_routes
    from gururmm_server.core.identity.own_factors import OwnSecondFactors
    from gururmm_server.core.identity.passkey_sign_in import PasskeySignIn
    from gururmm_server.core.identity.routes import build_router
    from gururmm_server.core.identity.rules import Rules
    from gururmm_server.core.identity.service import Identity
    from gururmm_server.core.identity.step_up import StepUps
    from gururmm_server.core.identity.users import Users

    door = house.get(BrowserDoor)
    router = build_router(house.get(Identity), house.get(Users), door)
    add_factor_routes(
        router,
        own=house.get(OwnSecondFactors),
        step_ups=house.get(StepUps),
        passkeys=house.get(PasskeySignIn),
        rules=house.get(Rules),
        door=door,
    )
    return router


def _jobs(house: House) -> Sequence[Job]:
    from gururmm_server.core.identity.jobs import purge

    return [Job("purge", 3600, lambda: purge(house.db))]


def _holds(_house: House) -> Sequence[Hold]:
    from gururmm_server.core.identity.users import contacts_of

    return [contacts_of]


COMPONENT: Final = Component(
    name="identity",
    tables=(
        "invitations",
        "msp_users",
        "sign_in_rules",
        "sign_in_steps",
        "stream_tickets",
        "tenant_users",
        "user_sessions",
        "users",
    ),
    offers=("member_counts",),
    permissions=PERMISSIONS,
    settings=SETTINGS,
    routes=_routes,
    jobs=_jobs,
    holds=_holds,
)
