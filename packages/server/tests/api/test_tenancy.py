"""Clients, Sites and codes over REST."""

import re

import msgspec
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.platform.demo import seed
from gururmm_server.core.tenancy.codes import new_code, normal_code
from gururmm_server.core.tenancy.events import ClientCreated, SiteCreated

from .conftest import Api


async def test_clients_and_sites_live_and_are_counted(api: Api) -> None:
    token = api.token(Role.PARTNER_TECH)
    made = (await api.ask("POST", "/clients", {"name": "  Harbor Dental "}, token=token)).body
    assert (made["name"], made["sites"], made["agents"]) == ("Harbor Dental", 0, 0)
    twice = await api.ask("POST", "/clients", {"name": "harbor dental"}, token=token)
    assert (twice.status, twice.body["code"]) == (409, "conflict")
    site = (await api.ask("POST", "/sites", {"client_id": made["id"], "name": "Main"}, token=token)).body
    assert (site["client_name"], site["agents"]) == ("Harbor Dental", 0)
    full = await api.ask("DELETE", f"/clients/{made['id']}", token=token)
    assert (full.status, full.body["code"]) == (409, "not_empty")
    assert (await api.ask("DELETE", f"/sites/{site['id']}", token=token)).status == 204
    assert (await api.ask("DELETE", f"/clients/{made['id']}", token=token)).status == 204
    assert (await api.ask("GET", f"/clients/{made['id']}", token=token)).status == 404
    tree = (await api.ask("GET", "/tree", token=token)).body
    assert [(client["name"], client["total"], len(client["sites"])) for client in tree["clients"]] == [
        ("Client of own", 1, 1)
    ]
    async with api.db.worker() as tx:
        names = {row["name"] for row in await tx.fetch("select name from core.outbox")}
    assert {"tenant.created", "client.created", "site.created"} <= names


async def test_a_new_name_reaches_the_machines(api: Api) -> None:
    token, ids = api.token(), api.own.ids
    await api.ask("PATCH", f"/clients/{ids['client_id']}", {"name": "Fjord"}, token=token)
    await api.ask("PATCH", f"/sites/{ids['site_id']}", {"name": "Quay 9"}, token=token)
    agent = (await api.ask("GET", f"/agents/{ids['agent_id']}", token=token)).body
    assert (agent["client_name"], agent["site_name"]) == ("Fjord", "Quay 9")
    assert (await api.ask("GET", "/agents?search=quay", token=token)).body["total"] == 1


async def test_names_are_sorted_and_searched_as_people_do(api: Api) -> None:
    token, ids = api.token(), api.own.ids
    for name in ("Zebra", "pc 10", "Ärzte", "pc 2", "İzmir", "pc 1b"):
        await api.tenancy.create_client(api.own.caller, name)
    await api.ask("PATCH", f"/clients/{ids['client_id']}", {"name": "Ümlaut"}, token=token)

    async def names(query: str) -> list[str]:
        return [item["name"] for item in (await api.ask("GET", f"/clients?{query}", token=token)).body["items"]]

    right = ["Ärzte", "İzmir", "pc 1b", "pc 2", "pc 10", "Ümlaut", "Zebra"]
    assert await names("sort=name&limit=20") == right
    assert await names("sort=-name&limit=20") == right[::-1]
    assert await names("search=izmir") == await names("search=%C4%B0ZM%C4%B0R") == ["İzmir"]
    assert await names("search=arzte") == await names("search=%C3%84RZTE") == ["Ärzte"]
    tree = (await api.ask("GET", "/tree", token=token)).body
    assert [client["name"] for client in tree["clients"]] == right
    assert (await api.ask("GET", "/agents?search=UMLAUT", token=token)).body["total"] == 1


async def test_a_list_is_paged_sorted_and_searched(api: Api) -> None:
    token = api.token()
    for number in range(5):
        await api.tenancy.create_client(api.own.caller, f"Client {number} 100%")
    names: list[str] = []
    cursor = ""
    while True:
        page = (await api.ask("GET", f"/clients?limit=2&sort=-name&cursor={cursor}", token=token)).body
        names += [item["name"] for item in page["items"]]
        assert page["total"] == 6
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert names == ["Client of own", *(f"Client {number} 100%" for number in (4, 3, 2, 1, 0))]
    assert (await api.ask("GET", "/clients?search=3%20100%25", token=token)).body["total"] == 1
    assert (await api.ask("GET", "/clients?search=_", token=token)).body["total"] == 0
    for query in ("sort=secret", "limit=0", "limit=201", "limit=x", "cursor=%00", "cursor=AAAA", "search=%00"):
        refused = await api.ask("GET", f"/clients?{query}", token=token)
        assert (refused.status, refused.body["code"]) == (422, "invalid_input"), query
        assert refused.body["details"][0]["field"] in query


async def test_codes_are_made_limited_rotated_and_revoked(api: Api) -> None:
    token, path = api.token(), f"/sites/{api.own.ids['site_id']}/codes"
    made = (await api.ask("POST", path, {"expires_in_h": 24, "max_uses": 3}, token=token)).body
    assert re.fullmatch(r"[2-9A-HJ-NP-Z]{4}(-[2-9A-HJ-NP-Z]{4}){2}", made["code"])
    assert made["state"] == "active"
    line = f"curl -sSL http://rmm.example.org/install/{made['code']}/linux.sh | sudo sh -s -- --insecure-http"
    assert made["install_command"] == line
    assert made["created_by"] == api.own.email
    rotated = (await api.ask("POST", f"{path}/rotate", {}, token=token)).body
    listed = (await api.ask("GET", path, token=token)).body["items"]
    assert [(item["state"]) for item in listed] == ["active", "revoked", "revoked"]
    revoked = await api.ask("POST", f"{path}/{rotated['id']}/revoke", token=token)
    assert revoked.body["state"] == "revoked"
    for body in ({"max_uses": 0}, {"expires_in_h": -1}, {"max_uses": "many"}):
        assert (await api.ask("POST", path, body, token=token)).status == 422
    assert (await api.ask("GET", path, token=api.token(Role.CLIENT_CONTACT))).status == 403
    found = await api.codes.find(made["code"].lower().replace("-", " "))
    assert found is not None
    assert (found.partner_name, found.site_name, found.usable) == ("Partner own", "Head office", False)
    assert await api.codes.find("AAAA-AAAA-AAAA") is None
    assert await api.codes.find("\x00'; --") is None


def test_a_code_has_sixty_bits_and_survives_typing() -> None:
    codes = {new_code() for _ in range(1000)}
    assert len(codes) == 1000
    assert all(normal_code(code.lower().replace("-", "")) == code for code in codes)


async def test_the_activity_says_clients_and_sites_in_the_partners_words(api: Api) -> None:
    token = api.token()
    await api.ask("PATCH", "/settings", {"label_client": "Customer", "label_site": "Location"}, token=token)
    client = (await api.ask("POST", "/clients", {"name": "Harbor"}, token=token)).body["id"]
    await api.ask("POST", "/sites", {"client_id": client, "name": "Pier"}, token=token)
    async with api.db.worker() as tx:
        rows = await tx.fetch(
            "select name, payload from core.outbox where tenant_id = $1 order by event_id", api.own.tenant_id
        )
    told = {row["name"]: row["payload"] for row in rows}
    said = [msgspec.json.decode(told[kind.name], type=kind).sentence() for kind in (ClientCreated, SiteCreated)]
    assert said[0].endswith(" created the Customer Harbor.")
    assert said[1].endswith(" created the Location Pier.")


async def test_the_demo_is_made_once(api: Api) -> None:
    first = await seed(api.db, "demo password 123", "http://rmm.example.org")
    again = await seed(api.db, "demo password 123", "http://rmm.example.org")
    assert first == again
    assert len(set(first.site_codes)) == 6
    token = await api.sign_in(first.email, first.password)
    assert (await api.ask("GET", "/clients", token=token)).body["total"] == 3
    other = await seed(api.db, "another password 1", "http://rmm.example.org")
    await api.sign_in(other.email, other.password)
