"""hello and enrolment, as agents speak them."""

import asyncio
import json
import secrets
from typing import Any
from uuid import UUID

from gururmm_server.core.access.scope import system_scope
from gururmm_server.core.enrolment.directory import GatewayDirectory
from gururmm_server.core.tenancy.schemas import NewCode
from gururmm_wire.challenge import enrolment_bytes
from nacl.bindings import crypto_sign, crypto_sign_seed_keypair

from .conftest import Api

HELLO = {"agent_version": "0.1.0", "protocol_version": 2, "os": "linux", "arch": "x86_64"}


def enrolment(code: str, seed: bytes | None = None, hostname: str = "kiosk-1", **changed: Any) -> dict[str, Any]:
    public, secret = crypto_sign_seed_keypair(seed or secrets.token_bytes(32))
    signature = crypto_sign(enrolment_bytes(code, public.hex(), hostname), secret)[:64]
    return {
        "site_code": code,
        "public_key": public.hex(),
        "signature": signature.hex(),
        "hostname": hostname,
        "os": "linux",
        "agent_version": "0.1.0",
        "protocol_version": 2,
    } | changed


async def alive(api: Api, gateway_id: str, url: str, *, draining: bool = False, age_s: int = 0) -> None:
    async with api.db.ingest() as tx:
        await tx.execute(
            "insert into core.gateways (gateway_id, url, draining, beat_at)"
            " values ($1, $2, $3, now() - make_interval(secs => $4))",
            gateway_id,
            url,
            draining,
            age_s,
        )
    await api.gateways.refresh()


async def test_hello_leads_to_a_living_gateway(api: Api) -> None:
    nothing = (await api.ask("POST", "/bootstrap/hello", HELLO)).body
    assert (nothing["action"], nothing["gateway_url"]) == ("proceed", "")
    assert nothing["retry_after_s"] > 0
    await alive(api, "a", "ws://one:1")
    await alive(api, "b", "ws://draining:1", draining=True)
    await alive(api, "c", "ws://dead:1", age_s=16)
    answer = (await api.ask("POST", "/bootstrap/hello", HELLO)).body
    assert (answer["action"], answer["gateway_url"], answer["latest_protocol"]) == ("proceed", "ws://one:1", 2)
    assert len(answer["server_public_key"]) == 64
    await alive(api, "d", "ws://two:1")
    urls = {(await api.ask("POST", "/bootstrap/hello", HELLO)).body["gateway_url"] for _ in range(60)}
    assert urls == {"ws://one:1", "ws://two:1"}


async def test_a_server_with_tls_gives_out_no_gateway_without(api: Api) -> None:
    await alive(api, "a", "ws://one:1")
    directory = GatewayDirectory(api.db, public_url="https://rmm.example.org")
    await directory.refresh()
    assert directory.choose() == ""
    await alive(api, "b", "wss://two:1")
    await directory.refresh()
    assert {directory.choose() for _ in range(60)} == {"wss://two:1"}


async def test_hello_answers_every_agent_that_ever_was(api: Api) -> None:
    for body, action in (
        ({}, "upgrade_required"),
        ({"protocol_version": 1, "agent_version": "0.0.9"}, "upgrade_required"),
        (HELLO | {"protocol_version": 99}, "downgrade_required"),
        (HELLO | {"a_field_of_the_future": [1, {"x": 2}]}, "proceed"),
    ):
        answer = await api.ask("POST", "/bootstrap/hello", body)
        assert (answer.status, answer.body["action"]) == (200, action), body
    for data in (b"", b"{", b"[]", b'"x"', b"\xff\xfe", b'{"protocol_version": "2"}', b"[" * 9000, b"x" * 20_000):
        answer = await api.ask("POST", "/bootstrap/hello", data=data)
        assert (answer.status, answer.body["action"]) == (400, "rejected"), data[:20]
    assert (await api.ask("GET", "/bootstrap/hello")).status == 405
    assert (await api.ask("POST", "/bootstrap/nothing", {})).body["code"] == "not_found"


async def test_a_machine_enrols_once_however_often_it_asks(api: Api) -> None:
    await alive(api, "a", "ws://one:1")
    code = await api.codes.create(api.own.caller, api.own.ids["site_id"], NewCode(max_uses=1))
    body = enrolment(code.code, b"s" * 32)
    answers = await asyncio.gather(*(api.ask("POST", "/bootstrap/enrol", body) for _ in range(5)))
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body["agent_id"] for answer in answers}) == 1
    answer = answers[0].body
    assert answer["gateway_url"] == "ws://one:1"
    agent = (await api.ask("GET", f"/agents/{answer['agent_id']}", token=api.token())).body
    assert (agent["hostname"], agent["status"], agent["site_name"]) == ("kiosk-1", "offline", "Head office")
    listed = await api.codes.list(api.own.caller, api.own.ids["site_id"])
    assert [(item.state, item.uses) for item in listed.items if item.id == code.id] == [("used_up", 1)]
    another = await api.ask("POST", "/bootstrap/enrol", enrolment(code.code))
    assert (another.status, another.body["code"]) == (410, "code_used_up")
    rows = [row for row in await api.audit() if row["operation"] == "agent.enrolled"]
    assert [row["agent_id"] for row in rows] == [UUID(answer["agent_id"])]
    async with api.db.worker() as tx:
        payloads = await tx.fetch("select payload from core.outbox where name = 'agent.enrolled'")
    assert [json.loads(row["payload"])["hostname"] for row in payloads] == ["kiosk-1"]


async def test_a_code_that_is_no_good_says_why(api: Api) -> None:
    site_id, caller = api.own.ids["site_id"], api.own.caller
    expired = await api.codes.create(caller, site_id, NewCode(expires_in_h=1))
    revoked = await api.codes.create(caller, site_id, NewCode())
    await api.codes.revoke(caller, site_id, revoked.id)
    async with api.db.scope(system_scope(api.own.tenant_id)) as tx:
        await tx.execute("update core.site_codes set expires_at = now() where code_id = $1", expired.id)
    for code, status, reason in (
        ("AAAA-BBBB-CCCC", 404, "code_unknown"),
        (expired.code, 410, "code_expired"),
        (revoked.code, 410, "code_revoked"),
    ):
        answer = await api.ask("POST", "/bootstrap/enrol", enrolment(code))
        assert (answer.status, answer.body["code"]) == (status, reason)
        assert "Site" in answer.body["message"]


async def test_an_enrolment_proves_its_key(api: Api) -> None:
    good = enrolment(api.own.code)
    for changed in ({"signature": "0" * 128}, {"hostname": "other"}, {"public_key": "f" * 64}):
        answer = await api.ask("POST", "/bootstrap/enrol", good | changed)
        assert (answer.status, answer.body["code"]) == (403, "signature_refused"), changed
    for changed in (
        {"public_key": "x" * 64},
        {"public_key": "a" * 63 + "\n"},
        {"signature": "a" * 127 + "\n"},
        {"hostname": ""},
        {"hostname": "h" * 256},
        {"signature": None},
    ):
        answer = await api.ask("POST", "/bootstrap/enrol", good | changed)
        assert (answer.status, answer.body["code"]) == (422, "invalid_input"), changed
    hostile = enrolment(api.own.code, hostname="a\x00b\n\u202ec")
    answer = await api.ask("POST", "/bootstrap/enrol", hostile)
    assert answer.status == 200
    agent = (await api.ask("GET", f"/agents/{answer.body['agent_id']}", token=api.token())).body
    assert agent["hostname"] == "abc"


async def test_guessing_codes_is_slowed_down(api: Api) -> None:
    for _ in range(20):
        assert (await api.ask("POST", "/bootstrap/enrol", enrolment("AAAA-AAAA-AAAA"))).status == 404
    answer = await api.ask("POST", "/bootstrap/enrol", enrolment(api.own.code))
    assert (answer.status, answer.body["code"]) == (429, "rate_limited")


async def enrol(api: Api, seed: bytes, **changed: Any) -> dict[str, Any]:
    """An enrolment with a fresh code, as the machine hears of it."""
    code = await api.codes.create(api.own.caller, api.own.ids["site_id"], NewCode(max_uses=1))
    answer = await api.ask("POST", "/bootstrap/enrol", enrolment(code.code, seed, **changed))
    assert answer.status == 200, answer.body
    said: dict[str, Any] = answer.body
    return said


async def test_a_machine_that_was_deleted_is_registered_again_and_told_so(api: Api) -> None:
    first = await enrol(api, b"k" * 32)
    assert (first["outcome"], first["message"]) == ("new", "")
    known = await enrol(api, b"k" * 32, agent_id=first["agent_id"])
    assert (known["agent_id"], known["outcome"], known["orders_after"]) == (first["agent_id"], "known", 0)
    removed = await api.ask("DELETE", f"/agents/{first['agent_id']}?uninstall=true", token=api.token())
    assert removed.status == 204
    again = await enrol(api, b"k" * 32, agent_id=first["agent_id"])
    assert (again["agent_id"], again["outcome"]) == (first["agent_id"], "again")
    assert again["message"].startswith("This machine had been deleted in GuruRMM: it is back as a new one")
    assert again["orders_after"] > first["orders_after"] > 0
    page = await api.ask("GET", f"/agents/{first['agent_id']}", token=api.token())
    assert page.status == 200


async def test_a_machine_that_a_restored_backup_does_not_have_is_registered_anew(api: Api) -> None:
    answer = await enrol(api, b"k" * 32, agent_id="0190a0b0-0000-7000-8000-000000000001")
    assert answer["outcome"] == "forgotten"
    assert "an older backup" in answer["message"] or "a restored backup" in answer["message"]
    # What an agent calls its id is only a hint, whatever it is.
    assert (await enrol(api, b"l" * 32, agent_id="no uuid"))["outcome"] == "forgotten"


async def test_whoever_only_says_another_machines_id_is_no_copy_of_it(api: Api) -> None:
    machine = await enrol(api, b"k" * 32, hostname="web-1")
    stranger = await enrol(api, b"l" * 32, hostname="web-2", agent_id=machine["agent_id"])
    assert (stranger["outcome"], stranger["message"]) == ("new", "")


async def test_a_machine_that_was_installed_anew_hears_who_it_was_before(api: Api) -> None:
    machine_id = "0123456789abcdef0123456789abcdef"
    old = await enrol(api, b"o" * 32, hostname="web-1", machine_id=machine_id)
    new = await enrol(api, b"n" * 32, hostname="web-1b", machine_id=machine_id)
    assert new["agent_id"] != old["agent_id"]
    assert new["outcome"] == "new"
    assert new["message"].startswith("This machine was web-1 before. Both are kept")
    page = (await api.ask("GET", f"/agents/{new['agent_id']}", token=api.token())).body
    assert [each["hostname"] for each in page["former"]] == ["web-1"]
    assert (await api.ask("GET", f"/agents/{old['agent_id']}", token=api.token())).body["former"] == []
    # One that is online is another machine with the same machine-id, as templates make them; none has none.
    async with api.db.scope(system_scope(api.own.tenant_id)) as tx:
        await tx.execute("update core.agent_state set online = true where agent_id = $1", UUID(old["agent_id"]))
    assert (await api.ask("GET", f"/agents/{new['agent_id']}", token=api.token())).body["former"] == []
    assert (await enrol(api, b"p" * 32, hostname="web-2", machine_id=machine_id))["message"].startswith(
        "This machine was web-1b before"
    )
    assert (await enrol(api, b"q" * 32, hostname="web-3"))["message"] == ""


async def test_another_partners_machine_is_nobodys_former_self(api: Api) -> None:
    machine_id = "0123456789abcdef0123456789abcdef"
    await enrol(api, b"o" * 32, hostname="theirs", machine_id=machine_id)
    code = await api.codes.create(api.foreign.caller, api.foreign.ids["site_id"], NewCode())
    answer = await api.ask("POST", "/bootstrap/enrol", enrolment(code.code, b"n" * 32, machine_id=machine_id))
    assert (answer.status, answer.body["message"]) == (200, "")
