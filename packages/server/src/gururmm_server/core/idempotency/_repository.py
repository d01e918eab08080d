"""SQL of keys and first answers. A scope of the Partner, or of identity for who is in none."""

from uuid import UUID

import msgspec

from gururmm_server.infra.database import Transaction

# One whose day is over, and that nobody has deleted yet, gives way.
_KEEP = """
insert into core.idempotency_keys as k (tenant_id, subject_id, key_hash, request_hash, status, answer)
values ($1, $2, $3, $4, $5, $6)
on conflict (subject_id, key_hash) do update set request_hash = excluded.request_hash, status = excluded.status,
  answer = excluded.answer, at = now()
where k.at <= now() - interval '24 hours' returning true
"""
_FIND = """
select request_hash, status, answer from core.idempotency_keys
where subject_id = $1 and key_hash = $2 and at > now() - interval '24 hours'
"""


class FirstAnswer(msgspec.Struct, frozen=True):
    """What a request with a key was, and how it was answered; the answer is sealed with the key."""

    request_hash: bytes
    status: int
    answer: bytes


async def keep(tx: Transaction, subject_id: UUID, key_hash: bytes, first: FirstAnswer) -> bool:
    """Keeps an answer for a day. Returns False where the subject has one with this key."""
    kept = await tx.fetchval(_KEEP, tx.tenant_id, subject_id, key_hash, first.request_hash, first.status, first.answer)
    return bool(kept)


async def find(tx: Transaction, subject_id: UUID, key_hash: bytes) -> FirstAnswer | None:
    """Returns what is kept of this key of the subject."""
    row = await tx.fetchrow(_FIND, subject_id, key_hash)
    return FirstAnswer(**row) if row is not None else None


async def forget_old(tx: Transaction) -> int:
    """Deletes the keys of every Partner whose day is over; how many those were."""
    return await tx.execute("delete from core.idempotency_keys where at <= now() - interval '24 hours'")
