"""Who may do what: every route of the api, asked as nobody, as the wrong role, and for another Partner's things."""

import re
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute, RouteContext, iter_route_contexts
from gururmm_server.core.access.doors import PUBLIC as PUBLIC_ACCESS
from gururmm_server.core.access.doors import SIGNED_IN
from gururmm_server.core.access.freshness import ALWAYS, FRESH_SECONDS
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.commands.service import MASS_MACHINES

from packages.server.tests.world import DECLARED, PERMISSIONS

from .conftest import PASSWORD, Answer, Api


@dataclass(frozen=True)
class Case:
    """What a route takes.

    `denied`: a role that may not (None: every signed-in person may). `foreign`: where it can name another Partner's
    things, `path` or `body` (None: nowhere). `accepts`: the answers to an admin.
    """

    body: Any = None
    denied: str | None = "client_contact"
    foreign: str | None = None
    query: str = ""
    accepts: tuple[int, ...] = (200, 201, 202, 204)
    foreign_body: dict[str, Any] = field(default_factory=dict)


PUBLIC = {
    "POST /auth/sign-in",
    "POST /auth/second-step",
    "POST /auth/passkey/options",
    "POST /auth/passkey",
    "POST /auth/refresh",
    "POST /auth/sign-out",
    "GET /auth/invitation/{token}",
    "POST /auth/invitation/{token}",
    "POST /auth/invitation/{token}/strength",
}
NAMED = {"name": "Renamed"}
CODE = {"expires_in_h": None, "max_uses": None}
SCRIPT = {"shell": "sh", "script": "true"}
ANYBODY_INSIDE = "platform"
"""Inside a Partner every role may; a Platform admin outside of any may not."""

CASES: dict[str, Case] = {
    "GET /auth/me": Case(denied=None),
    "GET /auth/sessions": Case(denied=None),
    "POST /auth/sessions/{session_id}/end": Case(denied=None, foreign="path", accepts=(404,)),
    "POST /auth/sign-out-everywhere": Case(denied=None),
    "POST /auth/password": Case({"current_password": PASSWORD, "new_password": PASSWORD}, denied=None),
    "POST /auth/switch-partner": Case(
        {"tenant_id": "{partner_id}"}, denied=None, foreign="body", accepts=(401,)
    ),  # a token alone does not do: the browser's cookie is needed
    "POST /auth/password/strength": Case({"password": PASSWORD}, denied=None),
    "GET /auth/step-up": Case(denied=None),
    "POST /auth/step-up/passkey": Case(denied=None, accepts=(409,)),
    "POST /auth/step-up": Case({"password": PASSWORD}, denied=None, accepts=(401,)),  # of a sign-in that goes on
    "GET /auth/factors": Case(denied=None),
    "POST /auth/factors/totp": Case(denied=None),
    "POST /auth/factors/totp/confirm": Case({"code": "123456"}, denied=None, accepts=(409, 422)),
    "DELETE /auth/factors/totp": Case(denied=None, accepts=(409,)),
    "POST /auth/factors/recovery-codes": Case(denied=None, accepts=(409,)),
    # The api of these tests is called without https, so browsers have no passkeys for it.
    "POST /auth/factors/passkeys/options": Case(denied=None, accepts=(409,)),
    "POST /auth/factors/passkeys": Case({"name": "My key", "credential": {}}, denied=None, accepts=(409,)),
    "DELETE /auth/factors/passkeys/{passkey_id}": Case(denied=None, foreign="path", accepts=(404,)),
    "GET /sign-in-rules": Case(),
    "PATCH /sign-in-rules": Case({"second_factor": False}, "partner_tech"),
    "GET /users": Case(),
    "POST /users": Case(
        {"email": "new@own.example", "role": "client_contact", "client_id": "{client_id}"}, "partner_tech", "body"
    ),
    "PATCH /users/{user_id}": Case({"name": "New Name"}, "partner_tech", "path"),
    "DELETE /users/{user_id}": Case(None, "partner_tech", "path", accepts=(409,)),
    "POST /users/{user_id}/invitation": Case(None, "partner_tech", "path", accepts=(409,)),
    "POST /users/{user_id}/factors/reset": Case(None, "partner_tech", "path", accepts=(409,)),
    "GET /tree": Case(denied=ANYBODY_INSIDE),
    "GET /clients": Case(denied=ANYBODY_INSIDE),
    "POST /clients": Case(NAMED),
    "GET /clients/{client_id}": Case(denied=ANYBODY_INSIDE, foreign="path"),
    "PATCH /clients/{client_id}": Case({"name": "Another name"}, foreign="path"),
    "DELETE /clients/{client_id}": Case(foreign="path", accepts=(409,)),
    "GET /sites": Case(denied=ANYBODY_INSIDE),
    "POST /sites": Case({"client_id": "{client_id}", "name": "Branch"}, foreign="body"),
    "GET /sites/{site_id}": Case(denied=ANYBODY_INSIDE, foreign="path"),
    "PATCH /sites/{site_id}": Case(NAMED, foreign="path"),
    "DELETE /sites/{site_id}": Case(foreign="path", accepts=(409,)),
    "GET /sites/{site_id}/codes": Case(foreign="path"),
    "POST /sites/{site_id}/codes": Case(CODE, foreign="path"),
    "POST /sites/{site_id}/codes/rotate": Case(CODE, foreign="path"),
    "POST /sites/{site_id}/codes/{code_id}/revoke": Case(foreign="path"),
    "GET /settings": Case(),
    "GET /usage": Case(),
    "PATCH /settings": Case({"heartbeat_s": 61}, "partner_tech"),
    "GET /sites/{site_id}/settings": Case(foreign="path"),
    "PATCH /sites/{site_id}/settings": Case({"heartbeat_s": 62}, "partner_tech", "path"),
    "GET /platform/settings": Case(denied="partner_admin", accepts=()),
    "PATCH /platform/settings": Case({"heartbeat_s": 63}, "partner_admin", accepts=()),
    "GET /platform/partners": Case(denied="partner_admin", accepts=()),
    "POST /platform/partners": Case({"name": "New"}, "partner_admin", accepts=()),
    "POST /platform/partners/{partner_id}/enter": Case({"reason": "asked to"}, "partner_admin", accepts=()),
    "PUT /platform/partners/{partner_id}/quotas": Case(
        {"resource": "machines", "most": 1}, "partner_admin", accepts=()
    ),
    "POST /platform/leave": Case(None, "partner_admin", accepts=()),
    "GET /overview": Case(denied=ANYBODY_INSIDE),
    "GET /events": Case(denied=ANYBODY_INSIDE),
    "GET /agents": Case(denied=ANYBODY_INSIDE),
    "GET /search/fields": Case(denied=ANYBODY_INSIDE),
    "GET /tags": Case(denied=ANYBODY_INSIDE),
    "POST /tags": Case({"agent_ids": ["{agent_id}"], "add": ["vip"]}, foreign="body"),
    "GET /agents/{agent_id}/tags": Case(denied=ANYBODY_INSIDE, foreign="path"),
    "GET /views": Case(),
    "POST /views": Case({"name": "All of them"}),
    "PATCH /views/{view_id}": Case({"name": "Renamed"}, foreign="path"),
    "DELETE /views/{view_id}": Case(foreign="path"),
    "GET /agents/{agent_id}": Case(denied=ANYBODY_INSIDE, foreign="path"),
    "GET /agents/{agent_id}/software": Case(denied=ANYBODY_INSIDE, foreign="path"),
    "GET /agents/{agent_id}/metrics": Case(denied=ANYBODY_INSIDE, foreign="path", query="?range=1h"),
    "GET /agents/{agent_id}/changes": Case(denied=ANYBODY_INSIDE, foreign="path"),
    "GET /agents/{agent_id}/processes": Case(denied=ANYBODY_INSIDE, foreign="path", accepts=(409,)),
    "GET /agents/{agent_id}/folders": Case(denied=ANYBODY_INSIDE, foreign="path", query="?path=/", accepts=(409,)),
    "PATCH /agents/{agent_id}": Case({"site_id": "{site_id}"}, foreign="path"),
    "DELETE /agents/{agent_id}": Case(None, "partner_tech", "path"),
    "POST /agents/{agent_id}/former": Case({}, "partner_tech", "path"),
    "POST /agents/{agent_id}/doubles": Case({}, foreign="path"),
    "POST /commands": Case(SCRIPT | {"agent_ids": ["{agent_id}"]}, foreign="body"),
    "GET /commands": Case(),
    "GET /commands/{command_id}": Case(foreign="path"),
    "GET /commands/failed-runs": Case(),
    "GET /commands/sums": Case(query=f"?batch_id={UUID(int=1)}"),
    "POST /commands/{command_id}/cancel": Case(foreign="path"),
    "DELETE /commands/{command_id}": Case(foreign="path"),
    "POST /commands/preview": Case({"agent_ids": ["{agent_id}"]}, foreign="body"),
    "POST /commands/clear": Case({"agent_id": "{agent_id}"}),
    "POST /tunnel/open": Case({"agent_id": "{agent_id}"}, foreign="body", accepts=(409,)),
    "GET /tunnel/status/{session_id}": Case(foreign="path"),
    "POST /tunnel/ticket/{session_id}": Case(foreign="path", accepts=(403,)),  # a terminal is its opener's alone
    "POST /tunnel/close/{session_id}": Case(foreign="path"),
    "GET /tunnel/own": Case(),
    "GET /tunnel/sessions": Case(),
    "POST /tunnel/sessions/{session_id}/channels": Case({}, foreign="path", accepts=(403,)),
    "POST /tunnel/sessions/{session_id}/channels/{channel}/close": Case(foreign="path"),
    "GET /tunnel/sessions/{session_id}/recording": Case(foreign="path"),
    "GET /tunnel/sessions/{session_id}/channels/{channel}/recording": Case(foreign="path"),
    "GET /audit": Case(None, "partner_tech"),
    "GET /audit/verify": Case(None, "partner_tech"),
    "POST /live/ticket": Case(denied=ANYBODY_INSIDE),
}


def _contexts(api: Api) -> list[RouteContext]:
    """Every route of the app as it is served: path with its prefixes, dependencies of its routers included."""
    kinds = (APIRoute, APIWebSocketRoute)
    return [context for context in iter_route_contexts(api.app.routes) if isinstance(context.original_route, kinds)]


def _declared(dependant: Dependant) -> set[str]:
    """What a route's dependencies say of who may use it."""
    calls = [dependency.call for dependency in dependant.dependencies]
    return {getattr(call, "access_declared") for call in calls if hasattr(call, "access_declared")}  # noqa: B009


def _declaring(api: Api, access: str) -> set[str]:
    """The routes of the api that declare this."""
    return {
        f"{method} {(context.path or '').removeprefix('/api/v1')}"
        for context in _contexts(api)
        for method in getattr(context, "methods", None) or ()
        if (context.path or "").startswith("/api/") and access in _declared(context.dependant)
    }


async def test_every_route_declares_who_may_use_it(api: Api) -> None:
    contexts = _contexts(api)
    assert len(contexts) > 50
    assert [context.path for context in contexts if not _declared(context.dependant)] == []


async def test_what_is_public_and_what_asks_for_a_sign_in_are_told_apart(api: Api) -> None:
    assert _declaring(api, PUBLIC_ACCESS) == PUBLIC
    assert _declaring(api, PUBLIC_ACCESS) & _declaring(api, SIGNED_IN) == set()


async def test_every_permission_that_a_route_or_an_audience_names_is_declared(api: Api) -> None:
    known = {permission.name for permission in PERMISSIONS.all()}
    asked = {access for context in _contexts(api) for access in _declared(context.dependant)}
    told = {kind.audience.permission for kind in (*DECLARED.events, *DECLARED.live) if kind.audience}
    assert asked - {PUBLIC_ACCESS, SIGNED_IN} <= known
    assert told <= known


async def test_what_is_outside_of_the_api_is_known(api: Api) -> None:
    outside = {context.path for context in _contexts(api) if not (context.path or "").startswith("/api/")}
    assert {path for path in outside if not path.startswith("/install/")} == {"/healthz", "/readyz", "/metrics"}


async def test_every_route_is_in_this_test(api: Api) -> None:
    served = {
        f"{method} {(context.path or '').removeprefix('/api/v1')}"
        for context in _contexts(api)
        for method in context.methods or ()
        if (context.path or "").startswith("/api/")
    }
    assert served == set(CASES) | PUBLIC


def fill(value: Any, ids: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: fill(inner, ids) for name, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, ids) for inner in value]
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda match: str(ids[match[1]]), value)
    return value


async def _ask(api: Api, name: str, token: str | None, *, path_of: str = "own", body_of: str = "own") -> Answer:
    case, (method, path) = CASES[name], name.split(" ")
    houses = {"own": api.own.ids, "foreign": api.foreign.ids}
    return await api.ask(
        method, fill(path, houses[path_of]) + case.query, fill(case.body, houses[body_of]), token=token
    )


async def _surprises(api: Api, expected: dict[str, tuple[int, ...]], ask: Any) -> dict[str, Any]:
    """Which of the asked routes did not answer as expected. One api serves all: what is refused changes nothing."""
    found = {}
    for name, statuses in expected.items():
        answer = await ask(name)
        if answer.status not in statuses:
            found[name] = (answer.status, answer.body)
    return found


async def test_nobody_gets_nothing(api: Api) -> None:
    async def ask(name: str) -> Answer:
        answer = await _ask(api, name, None)
        assert answer.body["code"] == "not_signed_in", name
        assert answer.headers["WWW-Authenticate"] == "Bearer"
        return answer

    assert await _surprises(api, dict.fromkeys(CASES, (401,)), ask) == {}


async def test_the_wrong_role_is_forbidden(api: Api) -> None:
    async def ask(name: str) -> Answer:
        denied = CASES[name].denied
        answer = await _ask(api, name, api.token(None if denied == ANYBODY_INSIDE else Role(denied)))
        assert answer.body["code"] == "forbidden", (name, answer.body)
        return answer

    denying = [name for name, case in CASES.items() if case.denied]
    assert await _surprises(api, dict.fromkeys(denying, (403,)), ask) == {}


async def test_another_partners_things_are_not_found(api: Api) -> None:
    async def ask(name: str) -> Answer:
        where = {"path_of": "foreign"} if CASES[name].foreign == "path" else {"body_of": "foreign"}
        return await _ask(api, name, api.token(), **where)

    naming = [name for name, case in CASES.items() if case.foreign]
    assert len(naming) > 25
    assert await _surprises(api, dict.fromkeys(naming, (404,)), ask) == {}


async def test_an_admin_of_the_partner_gets_through(api: Api) -> None:
    open_to_admins = {name: case.accepts for name, case in CASES.items() if case.accepts}
    last = ("DELETE /commands/{command_id}", "POST /commands/clear", "DELETE /agents/{agent_id}")
    in_order = sorted(open_to_admins, key=lambda name: last.index(name) if name in last else -1)
    found = await _surprises(
        api, {name: open_to_admins[name] for name in in_order}, lambda name: _ask(api, name, api.token())
    )
    assert found == {}


STEP_UP = {
    "POST /auth/factors/passkeys/options",
    "POST /auth/factors/passkeys",
    "DELETE /auth/factors/passkeys/{passkey_id}",
    "PATCH /sign-in-rules",
    "POST /auth/factors/totp",
    "POST /auth/factors/totp/confirm",
    "DELETE /auth/factors/totp",
    "POST /auth/factors/recovery-codes",
    "POST /users",
    "PATCH /users/{user_id}",
    "DELETE /users/{user_id}",
    "POST /users/{user_id}/invitation",
    "POST /users/{user_id}/factors/reset",
    "DELETE /clients/{client_id}",
    "DELETE /sites/{site_id}",
    "DELETE /agents/{agent_id}",
    "POST /agents/{agent_id}/former",
    "GET /audit",
}
"""What is dangerous: it takes a factor that was proved within ten minutes."""
CLOSE_CHANNEL = "POST /tunnel/sessions/{session_id}/channels/{channel}/close"


async def test_dangerous_acts_ask_who_signed_in_long_ago_and_nothing_else_does(api: Api) -> None:
    long_ago = time.time() - FRESH_SECONDS
    asking = set()
    for name in CASES:
        answer = await _ask(api, name, api.token(proved_at=long_ago))
        if answer.status == 403 and answer.body["code"] == "step_up_required":
            asking.add(name)
    # The planted tech session is somebody else's.
    assert asking == STEP_UP | {"POST /tunnel/close/{session_id}", CLOSE_CHANNEL}
    # Whoever proved nothing at all, as a token of before says, is asked too.
    for name in STEP_UP:
        assert (await _ask(api, name, api.token(proved_at=0))).body["code"] == "step_up_required", name


FACTORLESS = {
    "GET /auth/me",
    "POST /auth/sign-out-everywhere",
    "GET /auth/step-up",
    "POST /auth/step-up",
    "POST /auth/step-up/passkey",
    "GET /auth/factors",
    "POST /auth/factors/totp",
    "POST /auth/factors/totp/confirm",
    "POST /auth/factors/passkeys/options",
    "POST /auth/factors/passkeys",
}
"""All that somebody can do who has to set a second factor up first."""


async def test_who_needs_a_second_factor_can_do_nothing_but_set_one_up(api: Api) -> None:
    done = set()
    for name in CASES:
        answer = await _ask(api, name, api.token(needs_factor=True))
        if answer.status != 403 or answer.body["code"] != "factor_needed":
            done.add(name)
    assert done == FACTORLESS


async def test_the_document_says_what_each_door_asks(api: Api) -> None:
    document = (await api.ask("GET", "/openapi.json")).body
    said = {
        f"{method.upper()} {path.removeprefix('/api/v1')}": operation
        for path, operations in document["paths"].items()
        if path.startswith("/api/")
        for method, operation in operations.items()
    }
    assert {name for name, operation in said.items() if operation["x-access"] == PUBLIC_ACCESS} >= PUBLIC
    assert {name for name, operation in said.items() if operation.get("x-step-up") == ALWAYS} == STEP_UP
    sometimes = {name: operation.get("x-step-up") for name, operation in said.items() if name not in STEP_UP}
    assert {name: words for name, words in sometimes.items() if words} == {
        "POST /commands": f"on more than {MASS_MACHINES} machines",
        "POST /tunnel/close/{session_id}": "of somebody else's session",
        CLOSE_CHANNEL: "of somebody else's session",
    }
    assert said["DELETE /clients/{client_id}"]["x-access"] == "sites.write"


async def test_a_client_contact_sees_its_own_client_only(api: Api) -> None:
    other = await api.tenancy.create_client(api.own.caller, "Another Client")
    site = await api.tenancy.create_site(api.own.caller, other.id, "Elsewhere")
    contact = api.token(Role.CLIENT_CONTACT)
    clients = (await api.ask("GET", "/clients", token=contact)).body
    assert [item["id"] for item in clients["items"]] == [str(api.own.ids["client_id"])]
    sites = (await api.ask("GET", "/sites", token=contact)).body
    assert [item["id"] for item in sites["items"]] == [str(api.own.ids["site_id"])]
    assert (await api.ask("GET", f"/sites?client_id={other.id}", token=contact)).body["items"] == []
    tree = (await api.ask("GET", "/tree", token=contact)).body
    assert [branch["id"] for branch in tree["clients"]] == [str(api.own.ids["client_id"])]
    for path in (f"/clients/{other.id}", f"/sites/{site.id}"):
        assert (await api.ask("GET", path, token=contact)).status == 404
    stranger = api.token(Role.CLIENT_CONTACT, client_id=other.id)
    assert (await api.ask("GET", f"/agents/{api.own.ids['agent_id']}", token=stranger)).status == 404
