"""Reading the audit: both chains, filters, what was typed made visible, every read recorded, breaks found."""

import asyncpg
from gururmm_server.core.access.scope import system_scope
from gururmm_server.core.audit.reading import verify_all, visible
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.tenancy.partners import every_partner

from .conftest import Api


async def plant(api: Api, count: int = 3) -> None:
    async with api.db.scope(system_scope(api.own.tenant_id)) as tx:
        rows = [
            AuditRow(
                "terminal.input",
                api.own.admin.subject,
                agent_id=api.own.ids["agent_id"],
                session_id=api.own.ids["session_id"],
                channel_id=1,
                details={"offset": number},
                input=f"ls {number}\r".encode(),
            )
            for number in range(count)
        ]
        await append(tx, "tunnel_audit", *rows)
    async with api.db.scope(system_scope(api.foreign.tenant_id)) as tx:
        row = AuditRow("terminal.input", api.foreign.admin.subject, input=b"secret of another")
        await append(tx, "tunnel_audit", row)


async def test_both_chains_are_read_newest_first_page_by_page(api: Api) -> None:
    await plant(api)
    token = api.token()
    seen = []
    cursor = ""
    while True:
        page = (await api.ask("GET", f"/audit?limit=2&cursor={cursor}", token=token)).body
        seen += page["items"]
        assert page["total"] == 7
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len({item["id"] for item in seen}) == 7
    assert [item["at"] for item in seen] == sorted((item["at"] for item in seen), reverse=True)
    assert {item["kind"] for item in seen} == {"tunnel", "admin"}
    newest = seen[0]
    assert (newest["operation"], newest["input"], newest["hostname"]) == ("terminal.input", "ls 2␍", "planted")
    assert newest["actor"] == api.own.email
    assert "secret of another" not in str(seen)


async def test_filters_narrow_and_hostile_ones_are_refused(api: Api) -> None:
    await plant(api)
    token, ids = api.token(), api.own.ids
    for query, total in (
        ("kind=tunnel", 3),
        ("kind=admin", 4),
        ("operation=site.created", 1),
        (f"session_id={ids['session_id']}", 3),
        (f"agent_id={ids['agent_id']}&search=ls%202", 1),
        ("search=head%20office", 1),
        (f"actor={api.own.email}", 6),
        ("from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z", 0),
        ("from=2020-01-01T00:00:00", 7),
    ):
        answer = await api.ask("GET", f"/audit?{query}", token=token)
        assert answer.body["total"] == total, (query, answer.body)
    beyond = ("from=0001-01-01T00:00:00%2B14:00", "to=9999-12-31T23:59:59-12:00")
    for query in beyond:
        answer = await api.ask("GET", f"/audit?{query}", token=token)
        assert (answer.status, answer.body["details"][0]["field"]) == (422, query.partition("=")[0])
    for query in (beyond[0], "from=0001-01-01T00:00:00Z&to=9999-12-31T23:59:59-12:00"):
        answer = await api.ask("GET", f"/agents/{ids['agent_id']}/metrics?{query}", token=token)
        assert answer.status in (200, 422), answer.body
    for query in ("from=0", "to=1700000000", "from=1e3", "to="):
        for path in ("/audit", f"/agents/{ids['agent_id']}/metrics"):
            answer = await api.ask("GET", f"{path}?{query}", token=token)
            assert (answer.status, answer.body["details"][0]["field"]) == (422, query.partition("=")[0]), (path, query)
    for query in ("kind=secret", "session_id=x", "from=yesterday", "operation=%00", "limit=1000", "sort=hash"):
        assert (await api.ask("GET", f"/audit?{query}", token=token)).status == 422, query


async def test_every_read_is_recorded(api: Api) -> None:
    token = api.token()
    await api.ask("GET", "/audit?operation=site.created&search=head", token=token)
    await api.ask("GET", "/audit/verify", token=token)
    async with api.db.audit_reader(system_scope(api.own.tenant_id)) as tx:
        rows = await tx.fetch("select actor, query from core.audit_reads order by read_id")
    assert [row["actor"] for row in rows] == [api.own.email] * 2
    assert rows[0]["query"]["operation"] == "site.created"
    assert rows[0]["query"]["search"] == "head"
    assert rows[1]["query"] == {"verify": True}


async def test_a_changed_row_is_found(api: Api, owner_url: str) -> None:
    await plant(api)
    token = api.token()
    assert (await api.ask("GET", "/audit/verify", token=token)).body == {"ok": True, "rows": 7, "first_bad": None}
    owner = await asyncpg.connect(owner_url)
    await owner.execute(
        "update core.tunnel_audit set input = 'rm -rf /' where tenant_id = $1 and seq = 2", api.own.tenant_id
    )
    await owner.close()
    found = (await api.ask("GET", "/audit/verify", token=token)).body
    assert (found["ok"], found["first_bad"]) == (False, 2)
    verdicts = {
        (verdict.tenant_id, verdict.chain): verdict for verdict in await verify_all(api.db, await every_partner(api.db))
    }
    assert not verdicts[api.own.tenant_id, "tunnel_audit"].ok
    assert verdicts[api.own.tenant_id, "audit_log"].ok
    assert all(verdict.ok for verdict in await verify_all(api.db, await every_partner(api.db), api.foreign.tenant_id))


def test_control_characters_are_seen() -> None:
    assert visible(b"\x03\x1b[A\x7f\r") == "␃␛[A␡␍"
    assert visible("é\u202e".encode() + b"\xff") == "é\\u202e\\xff"
