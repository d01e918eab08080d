"""SQL of the order keys. Their seeds are secrets that only the api, the worker and the operator may read."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from gururmm_server.infra.database import Transaction
from gururmm_server.infra.secrets import forget_secrets, keep_secret, secrets


class SigningKey(msgspec.Struct, frozen=True):
    """A key with its seed. `signs_since` is for how long it has signed; negative where it does not yet."""

    key_id: bytes
    seed: bytes | None
    """None: its secret is lost, or this scope may not know it."""
    signs_since: timedelta


class KeyRow(msgspec.Struct, frozen=True):
    """A key that signs orders or did."""

    key_id: bytes
    created_at: datetime
    signs_from: datetime
    retired_at: datetime | None
    signs: bool


class ChangeRow(msgspec.Struct, frozen=True):
    """A change of the key: the order that says it, and the newest key after it."""

    change_id: int
    key_id: bytes
    signed_order: bytes


async def signing_key(tx: Transaction) -> SigningKey | None:
    """Returns the newest key that signs already and whose seed this scope may read."""
    signing = [key for key in await keys_in_use(tx) if key.seed is not None and key.signs_since >= timedelta(0)]
    return signing[-1] if signing else None


async def keys_in_use(tx: Transaction) -> list[SigningKey]:
    """Returns what is not retired, the newest last."""
    rows = await tx.fetch(
        "select key_id, now() - signs_from as signs_since from core.order_keys where retired_at is null"
        " order by signs_from, created_at"
    )
    seeds = await secrets(tx, [_seed_name(row["key_id"]) for row in rows])
    return [SigningKey(row["key_id"], seeds.get(_seed_name(row["key_id"])), row["signs_since"]) for row in rows]


async def all_keys(tx: Transaction) -> list[KeyRow]:
    """Returns every key there was, the oldest first."""
    rows = await tx.fetch(
        "select key_id, created_at, signs_from, retired_at, signs_from <= now() as signs"
        " from core.order_keys order by signs_from, created_at"
    )
    return [KeyRow(**row) for row in rows]


async def changes(tx: Transaction) -> list[ChangeRow]:
    """Returns every change of the key, in their order."""
    rows = await tx.fetch("select change_id, key_id, signed_order from core.order_key_changes order by change_id")
    return [ChangeRow(**row) for row in rows]


async def lock(tx: Transaction) -> None:
    """Waits until nobody else changes the keys; nobody does until the transaction ends."""
    await tx.execute("select pg_advisory_xact_lock(hashtext('core.order_keys'))")


async def add(tx: Transaction, key_id: bytes, public_key: bytes, seed: bytes, signs_in_s: float) -> datetime:
    """Adds a key that signs in so many seconds. Returns the moment from which it does."""
    await keep_secret(tx, _seed_name(key_id), seed)
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
    await forget_secrets(tx, map(_seed_name, key_ids))
    await tx.execute("update core.order_keys set signs_from = least(signs_from, now()) where key_id = $1", newest)


def _seed_name(key_id: bytes) -> str:
    """Returns the name under which a key's seed is kept among the server's secrets."""
    return f"order_key_{key_id.hex()}"
