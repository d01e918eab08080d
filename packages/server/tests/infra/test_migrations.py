"""What a migration makes of rows that were there before it."""

from pathlib import Path
from uuid import UUID

import asyncpg
import pytest
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.migrations import versions


async def _before_names_per_membership(owner: asyncpg.Connection) -> None:
    """The schema as revision 0001 left it, as far as names go."""
    await owner.execute(
        "alter table core.tenant_users drop column name; grant select (name) on core.users to gururmm_app;"
        " grant select on core.tenant_users to gururmm_platform"
    )


async def _run(owner: asyncpg.Connection, file: str) -> None:
    await owner.execute((Path(versions.__path__[0]) / file).read_text())


async def test_names_go_to_memberships_and_to_nobody_who_did_not_type_them(owner_url: str) -> None:
    owner = await asyncpg.connect(owner_url)
    await _before_names_per_membership(owner)
    tenants = [new_id(), new_id()]
    for tenant_id in tenants:
        await owner.execute("insert into core.tenants (tenant_id, name) values ($1, 'T')", tenant_id)

    async def person(name: str, *, signed_in: bool = True) -> UUID:
        user_id = new_id()
        await owner.execute(
            "insert into core.users (user_id, email, name, last_sign_in_at)"
            " values ($1, $2, $3, case when $4 then now() end)",
            user_id,
            f"{user_id}@example.org",
            name,
            signed_in,
        )
        return user_id

    async def member(tenant: int, user_id: UUID, *, accepted: bool) -> None:
        await owner.execute(
            "insert into core.tenant_users (tenant_id, user_id, role, accepted_at)"
            " values ($1, $2, 'partner_tech', case when $3 then now() end)",
            tenants[tenant],
            user_id,
            accepted,
        )

    async with owner.transaction():  # an invitation makes the person and the membership at one moment
        invited = await person("Typed", signed_in=False)
        await member(0, invited, accepted=False)
    shared = await person("Real")
    await member(0, shared, accepted=True)
    await member(1, shared, accepted=False)
    known = await person("Removed elsewhere", signed_in=False)
    await member(1, known, accepted=False)
    await _run(owner, "0003_names_per_membership.sql")
    rows = await owner.fetch("select tenant_id, user_id, name from core.tenant_users")
    assert {(tenants.index(row["tenant_id"]), row["user_id"], row["name"]) for row in rows} == {
        (0, invited, "Typed"),
        (0, shared, "Real"),
        (1, shared, ""),
        (1, known, ""),
    }
    await owner.close()


@pytest.mark.parametrize(
    ("scope", "statement"),
    [("tenant", "select name from core.users"), ("platform", "select name from core.tenant_users")],
)
async def test_names_are_read_where_they_belong_only(db: Database, scope: str, statement: str) -> None:
    opened = db.tenant(new_id()) if scope == "tenant" else db.platform("test", "look")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with opened as tx:
            await tx.fetch(statement)
