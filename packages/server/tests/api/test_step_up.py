"""Step-up: a dangerous act asks for a factor proved within ten minutes, and the same request is then carried out."""

import time
from uuid import UUID

import asyncpg
import pytest
from gururmm_server.core.access.errors import StepUpRequired
from gururmm_server.core.access.freshness import FRESH_SECONDS, check_fresh
from gururmm_server.core.access.scope import system_scope
from gururmm_server.core.commands.service import MASS_MACHINES
from gururmm_server.core.identity.platform_admin import create_platform_admin
from gururmm_server.infra.ids import new_id

from packages.server.tests import world

from .conftest import PASSWORD, URL, Answer, Api, new_browser
from .second_factors import code_of, first_step, second_step, set_up


@pytest.fixture
async def long_ago(api: Api, owner_url: str) -> str:
    """The token of the admin, who signed in more than ten minutes ago; also as the database says."""
    mine = await api.sign_in(api.own.email)
    owner = await asyncpg.connect(owner_url)
    await owner.execute("update core.user_sessions set proved_at = now() - interval '11 minutes'")
    await owner.close()
    principal = api.identity.tokens.verify(mine)
    async with api.db.identity() as tx:
        stale = await tx.fetchval("select extract(epoch from proved_at)::int from core.user_sessions")
    return api.identity.tokens.issue(
        world.person(
            principal.tenant_id,
            user_id=principal.user_id,
            session_id=principal.session_id,
            email=api.own.email,
            proved_at=stale,
        )
    )


async def step_up(api: Api, token: str, **given: str) -> Answer:
    return await api.ask("POST", "/auth/step-up", given, token=token)


async def test_the_password_makes_it_fresh_for_who_has_no_factor(api: Api, long_ago: str) -> None:
    body = {"email": "new@own.example", "role": "partner_tech"}
    key = {"Idempotency-Key": "the one key"}
    refused = await api.ask("POST", "/users", body, token=long_ago, headers=key)
    assert (refused.status, refused.body["code"]) == (403, "step_up_required")
    assert (await api.ask("GET", "/auth/step-up", token=long_ago)).body == {"methods": ["password"]}
    for wrong in ({"password": "wrong horse battery"}, {}, {"code": "123456"}):
        answer = await step_up(api, long_ago, **wrong)
        assert (answer.status, answer.body["code"]) == (422, "wrong_password")
        assert answer.body["details"][0]["field"] == "password"
    proved = await step_up(api, long_ago, password=PASSWORD)
    assert proved.status == 200, proved.body
    fresh = proved.body["access_token"]
    # What was refused was not done: with the same key the same request is carried out, once.
    made = await api.ask("POST", "/users", body, token=fresh, headers=key)
    assert made.status == 201, made.body
    again = await api.ask("POST", "/users", body, token=fresh, headers=key)
    assert (again.body, again.headers["Idempotency-Replayed"]) == (made.body, "true")
    rows = [row for row in await api.audit() if row["operation"].startswith("step_up.")]
    assert [(row["operation"], row["actor"]) for row in rows] == [
        *[("step_up.refused", api.own.email)] * 3,
        ("step_up.done", api.own.email),
    ]
    assert rows[-1]["details"]["by"] == "password"


async def test_who_has_a_factor_proves_that_and_no_password(api: Api, long_ago: str) -> None:
    secret, codes = await set_up(api, api.token())
    assert (await api.ask("GET", "/auth/step-up", token=long_ago)).body == {"methods": ["totp", "recovery_code"]}
    for wrong in ({"password": PASSWORD}, {"code": "nonsense"}, {}):
        answer = await step_up(api, long_ago, **wrong)
        assert (answer.status, answer.body["code"]) == (422, "wrong_code"), wrong
    code = code_of(secret)
    fresh = (await step_up(api, long_ago, code=code)).body["access_token"]
    assert (await api.ask("GET", "/audit", token=fresh)).status == 200
    assert (await step_up(api, long_ago, code=code)).status == 422
    assert (await step_up(api, long_ago, code=codes[0])).status == 200
    by = [row["details"]["by"] for row in await api.audit() if row["operation"] == "step_up.done"]
    assert by == ["totp", "recovery_code"]


async def test_signing_in_is_fresh_and_renewing_a_token_is_not(api: Api, owner_url: str) -> None:
    async with new_browser() as browser:
        mine = await api.sign_in(api.own.email, browser=browser)
        assert (await api.ask("GET", "/audit", token=mine)).status == 200
        owner = await asyncpg.connect(owner_url)
        await owner.execute("update core.user_sessions set proved_at = now() - interval '11 minutes'")
        await owner.close()
        renewed = (await api.ask("POST", "/auth/refresh", browser=browser)).body["access_token"]
        assert (await api.ask("GET", "/audit", token=renewed)).body["code"] == "step_up_required"
        # It is the sign-in's, not the token's: another token of it is fresh as well, and so is it in another Partner.
        assert (await step_up(api, renewed, password=PASSWORD)).status == 200
        renewed = (await api.ask("POST", "/auth/refresh", browser=browser)).body["access_token"]
        assert (await api.ask("GET", "/audit", token=renewed)).status == 200


async def test_an_ended_sign_in_proves_nothing(api: Api, long_ago: str) -> None:
    session_id = api.identity.tokens.verify(long_ago).session_id
    async with api.db.identity() as tx:
        await tx.execute("update core.user_sessions set ended_at = now() where session_id = $1", session_id)
    assert (await step_up(api, long_ago, password=PASSWORD)).body["code"] == "session_ended"
    assert "step_up.done" not in [row["operation"] for row in await api.audit()]


async def test_guesses_count_as_at_sign_in(api: Api, long_ago: str) -> None:
    tries = [(await step_up(api, long_ago, password="wrong horse battery")).status for _ in range(6)]
    assert tries == [422] * 5 + [429]


async def test_platform_staff_proves_it_too(api: Api) -> None:
    link = await create_platform_admin(api.db, "root@gururmm.example", "Root", URL)
    accepted = await api.ask("POST", f"/auth/invitation/{link.rpartition('/')[2]}", {"password": PASSWORD})
    assert (await step_up(api, accepted.body["access_token"], password=PASSWORD)).status == 200
    async with api.db.platform("test", "look") as tx:
        reasons = [row["reason"] for row in await tx.fetch("select reason from core.platform_access")]
    assert any(reason.startswith("prove it again by password") for reason in reasons)


async def test_a_run_on_a_whole_fleet_is_dangerous_and_one_on_a_few_machines_is_not(
    api: Api, owner_url: str, long_ago: str
) -> None:
    house, owner = api.own, await asyncpg.connect(owner_url)
    for number in range(MASS_MACHINES):
        agent_id = new_id()
        await owner.execute(
            "insert into core.agents (tenant_id, agent_id, client_id, site_id, client_name, site_name, public_key,"
            " hostname) values ($1, $2, $3, $4, 'c', 's', $5, $6)",
            house.tenant_id,
            agent_id,
            house.ids["client_id"],
            house.ids["site_id"],
            agent_id.bytes * 2,
            f"planted-{number}",
        )
        await owner.execute(
            "insert into core.agent_state (tenant_id, agent_id, client_id) values ($1, $2, $3)",
            house.tenant_id,
            agent_id,
            house.ids["client_id"],
        )
    await owner.close()
    everything = {"shell": "sh", "script": "true", "filter": {}}
    refused = await api.ask("POST", "/commands", everything, token=long_ago)
    assert (refused.status, refused.body["code"]) == (403, "step_up_required")
    few = {"shell": "sh", "script": "true", "filter": {"search": "planted-1"}}
    assert (await api.ask("POST", "/commands", few, token=long_ago)).status == 201
    fresh = (await step_up(api, long_ago, password=PASSWORD)).body["access_token"]
    made = await api.ask("POST", "/commands", everything, token=fresh)
    assert len(made.body["items"]) == MASS_MACHINES + 1


def test_ten_minutes_are_ten_minutes_and_the_system_is_never_asked() -> None:
    tenant_id: UUID = new_id()
    check_fresh(world.person(tenant_id, proved_at=time.time() - FRESH_SECONDS + 30).subject)
    for proved_at in (time.time() - FRESH_SECONDS - 1, 0):
        with pytest.raises(StepUpRequired):
            check_fresh(world.person(tenant_id, proved_at=proved_at).subject)
    check_fresh(system_scope(tenant_id).subject)


async def test_signing_in_by_two_steps_is_fresh(api: Api) -> None:
    secret, _ = await set_up(api, await api.sign_in(api.own.email))
    mine = (await second_step(api, await first_step(api, api.own.email), code_of(secret))).body["access_token"]
    assert (await api.ask("GET", "/audit", token=mine)).status == 200
