"""SQL over what Partners ask of sign-ins. In an identity scope, so each statement names the tenant."""

from uuid import UUID

from gururmm_server.infra.database import Transaction

_WITHOUT = """
select count(*) from core.tenant_users tu
where tu.tenant_id = $1 and tu.accepted_at is not null and tu.disabled_at is null
  and not exists (select from core.factor_holders f where f.user_id = tu.user_id)
"""


async def asks_second_factor(tx: Transaction, tenant_id: UUID) -> bool:
    """Tells whether everybody there needs a second factor."""
    asked: bool | None = await tx.fetchval(
        "select second_factor from core.sign_in_rules where tenant_id = $1", tenant_id
    )
    return bool(asked)


async def ask_second_factor(tx: Transaction, tenant_id: UUID, *, asked: bool) -> None:
    """Says whether everybody there needs a second factor."""
    await tx.execute(
        "insert into core.sign_in_rules (tenant_id, second_factor) values ($1, $2)"
        " on conflict (tenant_id) do update set second_factor = $2",
        tenant_id,
        asked,
    )


async def people_without(tx: Transaction, tenant_id: UUID) -> int:
    """Returns how many people who may sign in there have no second factor."""
    count: int = await tx.fetchval(_WITHOUT, tenant_id)
    return count
