"""SQL of what a gateway says about itself, and of which there are."""

from gururmm_server.infra.database import Transaction


async def living(tx: Transaction) -> list[str]:
    """Returns the URLs of the gateways that are alive and take new agents."""
    rows = await tx.fetch(
        "select url from core.gateways where not draining and beat_at > now() - interval '15 seconds' order by url"
    )
    return [row["url"] for row in rows]


async def beat(tx: Transaction, gateway_id: str, url: str, draining: bool) -> None:
    """Notes that this gateway lives, at this address, and whether it is draining."""
    await tx.execute(
        "insert into core.gateways (gateway_id, url, draining) values ($1, $2, $3) "
        "on conflict (gateway_id) do update set beat_at = now(), draining = excluded.draining, url = excluded.url",
        gateway_id,
        url,
        draining,
    )


async def others_alive(tx: Transaction, gateway_id: str) -> int:
    """Returns how many other gateways are alive and take new agents."""
    count: int = await tx.fetchval(
        "select count(*) from core.gateways where gateway_id <> $1 and not draining "
        "and beat_at > now() - interval '15 seconds'",
        gateway_id,
    )
    return count


async def retire(tx: Transaction, gateway_id: str) -> None:
    """Removes this gateway from those that are counted."""
    await tx.execute("delete from core.gateways where gateway_id = $1", gateway_id)
