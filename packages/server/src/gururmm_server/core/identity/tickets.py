"""One-use tickets for browser WebSockets, which cannot carry an Authorization header."""

import hashlib
import secrets
from typing import Literal
from uuid import UUID

import msgspec

from gururmm_server.core.identity import _sessions_repository as sessions
from gururmm_server.core.identity import _tickets_repository as repository
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
    """Returns a ticket for what `principal` may do now, which lives 30 s from the commit. `tx` is a tenant scope."""
    ticket = secrets.token_urlsafe(32)
    stored = msgspec.to_builtins(principal)
    await repository.add(tx, _hash(ticket), stored, purpose, subject, seconds=TICKET_SECONDS)
    return ticket


async def redeem(db: Database, ticket: str, purpose: Purpose) -> tuple[Principal, UUID | None]:
    """Use a ticket up. Returns who it was made for, and its subject.

    Raises `TicketRefused`, also when the person's sign-in session ended since it was issued.
    """
    async with db.identity(reserve=True) as tx:
        row = await repository.use(tx, _hash(ticket), purpose)
        if row is None or not row.fresh:
            raise TicketRefused
        principal = msgspec.convert(row.principal, Principal)
        if await sessions.has_ended(tx, principal.session_id):
            raise TicketRefused(internal="the sign-in session ended")
    return principal, row.subject


def _hash(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode()).digest()
