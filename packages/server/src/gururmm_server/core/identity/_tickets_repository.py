"""SQL over one-use tickets."""

from typing import Any
from uuid import UUID

import msgspec

from gururmm_server.infra.database import Transaction


class TicketRow(msgspec.Struct, frozen=True):
    """A ticket that was just used up: whom it was made for, for what, and whether it was still good."""

    principal: Any
    subject: UUID | None
    fresh: bool


async def add(
    tx: Transaction, ticket_hash: bytes, principal: Any, purpose: str, subject: UUID | None, *, seconds: int
) -> None:
    """Adds a ticket, in a tenant scope; `principal` is as JSON has it."""
    await tx.execute(
        "insert into core.stream_tickets (ticket_hash, tenant_id, principal, purpose, subject, expires_at)"
        " values ($1, $2, $3, $4, $5, clock_timestamp() + make_interval(secs => $6))",
        ticket_hash,
        tx.tenant_id,
        principal,
        purpose,
        subject,
        seconds,
    )


async def use(tx: Transaction, ticket_hash: bytes, purpose: str) -> TicketRow | None:
    """Uses a ticket up, in an identity scope, and returns it; None where there is none for this purpose."""
    row = await tx.fetchrow(
        "delete from core.stream_tickets where ticket_hash = $1 and purpose = $2"
        " returning principal, subject, expires_at > clock_timestamp() as fresh",
        ticket_hash,
        purpose,
    )
    return TicketRow(**row) if row is not None else None
