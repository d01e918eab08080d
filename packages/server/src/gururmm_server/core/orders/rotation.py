"""Changing the order key: what the operator does with `gururmm keys`.

A rotation adds a key, and the old one signs the order that tells agents of it; gateways pass that on at once to agents
that are connected, and to the others when they return. For as long as orders of the old key may be on their way both
count. Then the old one is retired, by an order of the new one, and its seed is deleted.
"""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from gururmm_wire import orders
from gururmm_wire.v2.limits import ORDER_SECONDS
from gururmm_wire.v2.server import KeyChange

from gururmm_server.core.orders import _repository as repository
from gururmm_server.core.orders._repository import KeyRow, SigningKey
from gururmm_server.core.orders.errors import KeyLost, NothingToRetire, TooEarly
from gururmm_server.core.orders.signing import OrderKey
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.ids import new_id

ANNOUNCED_S: Final = 300.0
"""From a rotation until the new key signs: gateways look for changes every half minute."""
_OVERLAP: Final = timedelta(seconds=ORDER_SECONDS)


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """One order key, now or once."""

    key_id: str
    state: Literal["announced", "signs", "accepted", "retired"]
    """`accepted`: agents still follow what it signed, and it signs no more."""
    signs_from: datetime
    retired_at: datetime | None


async def status(db: Database, actor: str) -> list[KeyStatus]:
    """Returns every key, the oldest first."""
    async with db.platform(actor, "look at the order keys") as tx:
        return await _status(tx)


async def rotate(db: Database, actor: str) -> list[KeyStatus]:
    """Add a key that signs in a few minutes. Returns every key there is then."""
    async with db.platform(actor, "rotate the order key") as tx:
        await repository.lock(tx)
        newest = _key((await repository.keys_in_use(tx))[-1])
        seed = secrets.token_bytes(32)
        new = OrderKey.of_seed(seed)
        await repository.add(tx, new.key_id, new.public_key, seed, ANNOUNCED_S)
        await repository.add_change(tx, new.key_id, _change(newest, KeyChange(new.public_key)))
        return await _status(tx)


async def retire(db: Database, actor: str, *, at_once: bool = False) -> list[KeyStatus]:
    """Let agents forget every key but the newest, and delete the others' seeds. Returns every key there is then.

    `at_once` does so although orders of theirs may be on their way, which are then refused. Raises `NothingToRetire`,
    `TooEarly`.
    """
    async with db.platform(actor, "retire the old order key" + (" at once" if at_once else "")) as tx:
        await repository.lock(tx)
        *old, last = await repository.keys_in_use(tx)
        if not old:
            raise NothingToRetire
        if not at_once and last.signs_since < _OVERLAP:
            raise TooEarly
        newest, retired = _key(last), [row.key_id for row in old]
        await repository.add_change(tx, newest.key_id, _change(newest, KeyChange(newest.public_key, retired)))
        await repository.retire(tx, retired, newest.key_id)
        return await _status(tx)


def _change(signer: OrderKey, change: KeyChange) -> bytes:
    """Returns the signed change. It has no last moment: a machine that was away for a year has to follow it."""
    counter = int(datetime.now(UTC).timestamp() * 1_000_000_000)
    return signer.sign(orders.encode_body(orders.EVERY_AGENT, new_id().bytes, change, not_after=0, counter=counter))


def _key(row: SigningKey) -> OrderKey:
    if row.seed is None:
        raise KeyLost
    return OrderKey.of_seed(row.seed)


async def _status(tx: Transaction) -> list[KeyStatus]:
    rows = await repository.all_keys(tx)
    signing = [row.key_id for row in rows if row.retired_at is None and row.signs][-1:]
    return [KeyStatus(row.key_id.hex(), _state(row, signing), row.signs_from, row.retired_at) for row in rows]


def _state(row: KeyRow, signing: list[bytes]) -> Literal["announced", "signs", "accepted", "retired"]:
    if row.retired_at is not None:
        return "retired"
    if not row.signs:
        return "announced"
    return "signs" if row.key_id in signing else "accepted"
