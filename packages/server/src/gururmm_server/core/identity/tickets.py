"""One-use tickets for browser WebSockets, which cannot carry an Authorization header."""

import hashlib
import secrets
from typing import Literal
from uuid import UUID

import msgspec

from gururmm_server.core.identity.principal import Principal
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.errors import GuruError

Purpose = Literal["live", "tunnel"]

TICKET_SECONDS = 30


class TicketRefused(GuruError):
    """This ticket was used already, is too old, or was never given out. Ask for a new one."""

    code = "ticket_refused"
    status = 401


async def issue(tx: Transaction, principal: Principal, purpose: Purpose, subject: UUID | None = None) -> str:
    """Make a ticket for what `principal` may do now. `tx` is a tenant scope; the ticket lives 30 s after its commit."""
    ticket = secrets.token_urlsafe(32)
    await tx.execute(
        "insert into core.stream_tickets (ticket_hash, tenant_id, principal, purpose, subject, expires_at)"
        " values ($1, $2, $3, $4, $5, clock_timestamp() + make_interval(secs => $6))",
        _hash(ticket),
        tx.tenant_id,
        msgspec.to_builtins(principal),
        purpose,
        subject,
        TICKET_SECONDS,
    )
    return ticket


async def redeem(db: Database, ticket: str, purpose: Purpose) -> tuple[Principal, UUID | None]:
    """Use a ticket up: who it was made for and its subject.

    Raises `TicketRefused`, also when the person's sign-in session ended since it was issued.
    """
    async with db.identity() as tx:
        row = await tx.fetchrow(
            "delete from core.stream_tickets where ticket_hash = $1 and purpose = $2"
            " returning principal, subject, expires_at > clock_timestamp() as fresh",
            _hash(ticket),
            purpose,
        )
        if row is None or not row["fresh"]:
            raise TicketRefused
        principal = msgspec.convert(row["principal"], Principal)
        if await tx.fetchval(
            "select true from core.user_sessions where session_id = $1 and ended_at is not null", principal.session_id
        ):
            raise TicketRefused(internal="the sign-in session ended")
    return principal, row["subject"]


def _hash(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode()).digest()
