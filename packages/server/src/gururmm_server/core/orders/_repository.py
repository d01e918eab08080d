"""SQL of the order keys. Their seeds are secrets that only the api, the worker and the operator may read."""

from collections.abc import Sequence
from datetime import datetime

from gururmm_server.infra.database import Row, Transaction

_SEED_NAME = "'order_key_' || encode(k.key_id, 'hex')"


async def signing_key(tx: Transaction) -> Row | None:
    """Returns (key_id, public_key, seed) of the key that signs now; None where its seed cannot be read."""
    return await tx.fetchrow(
        f"""select k.key_id, k.public_key, s.value as seed from core.order_keys k
        join core.server_secrets s on s.name = {_SEED_NAME}
        where k.retired_at is null and k.signs_from <= now() order by k.signs_from desc limit 1"""
    )


async def keys_in_use(tx: Transaction) -> list[Row]:
    """Returns (key_id, public_key, seed, signs_from, signs_since) of what is not retired, the newest last.

    `signs_since` is for how long it has signed; negative where it does not yet.
    """
    return await tx.fetch(
        f"""select k.key_id, k.public_key, s.value as seed, k.signs_from, now() - k.signs_from as signs_since
        from core.order_keys k left join core.server_secrets s on s.name = {_SEED_NAME}
        where k.retired_at is null order by k.signs_from, k.created_at"""
    )


async def all_keys(tx: Transaction) -> list[Row]:
    """Returns (key_id, created_at, signs_from, retired_at, signs) of every key there was, the oldest first."""
    return await tx.fetch(
        "select key_id, created_at, signs_from, retired_at, signs_from <= now() as signs"
        " from core.order_keys order by signs_from, created_at"
    )


async def changes(tx: Transaction) -> list[Row]:
    """Returns (change_id, key_id, signed_order) of every change of the key, in their order."""
    return await tx.fetch("select change_id, key_id, signed_order from core.order_key_changes order by change_id")


async def lock(tx: Transaction) -> None:
    """Wait until nobody else changes the keys; held until the transaction ends."""
    await tx.execute("select pg_advisory_xact_lock(hashtext('core.order_keys'))")


async def add(tx: Transaction, key_id: bytes, public_key: bytes, seed: bytes, signs_in_s: float) -> datetime:
    """Adds a key that signs from then on; returns when that is."""
    await tx.execute("insert into core.server_secrets (name, value) values ($1, $2)", f"order_key_{key_id.hex()}", seed)
    signs_from: datetime = await tx.fetchval(
        "insert into core.order_keys (key_id, public_key, signs_from)"
        " values ($1, $2, now() + make_interval(secs => $3)) returning signs_from",
        key_id,
        public_key,
        signs_in_s,
    )
    return signs_from


async def add_change(tx: Transaction, key_id: bytes, signed_order: bytes) -> None:
    """Keeps the order that tells agents of a change; `key_id` is the newest key they have after it."""
    await tx.execute("insert into core.order_key_changes (key_id, signed_order) values ($1, $2)", key_id, signed_order)


async def retire(tx: Transaction, key_ids: Sequence[bytes], newest: bytes) -> None:
    """Takes the seeds of keys away, for good; the newest signs from now on at the latest."""
    await tx.execute("update core.order_keys set retired_at = now() where key_id = any($1::bytea[])", list(key_ids))
    await tx.execute(
        "delete from core.server_secrets where name = any($1::text[])", [f"order_key_{each.hex()}" for each in key_ids]
    )
    await tx.execute("update core.order_keys set signs_from = least(signs_from, now()) where key_id = $1", newest)
