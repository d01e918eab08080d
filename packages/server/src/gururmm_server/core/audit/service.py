"""Appending to the chains. Reading is in `reading`."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from gururmm_server.core.access.subject import Subject
from gururmm_server.core.audit import _repository as repository
from gururmm_server.core.audit.chains import Chain
from gururmm_server.infra.database import Transaction


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One operation. `input` is what was typed or sent, byte for byte; `details` is everything else."""

    operation: str
    actor: Subject | None
    agent_id: UUID | None = None
    session_id: UUID | None = None
    channel_id: int | None = None
    details: dict[str, Any] = field(default_factory=dict)
    input: bytes | None = None


async def append(tx: Transaction, chain: Chain, *rows: AuditRow) -> None:
    """Appends rows to a chain of the transaction's tenant. Raises where that fails: then nothing may be done."""
    values = [
        (
            chain,
            row.operation,
            row.actor.name if row.actor else None,
            row.actor.id if row.actor else None,
            row.agent_id,
            row.session_id,
            row.channel_id,
            row.details,
            row.input,
        )
        for row in rows
    ]
    await repository.append(tx, values)


async def input_since(tx: Transaction, reader: str, stream: tuple[UUID, int, str], start: int) -> bytes | None:
    """Returns the audited input of a stream (session, channel, operation) from `start` on; None where it has a hole.

    In an audit reader's scope; that it was read is recorded.
    """
    session_id, channel, operation = stream
    query = {"session_id": str(session_id), "channel": channel, "input_from": start}
    await repository.record_read(tx, reader, query)
    found = b""
    for offset, data in await repository.input_since(tx, session_id, channel, operation, start):
        skip = start + len(found) - offset
        if skip < 0:
            return None
        found += data[skip:]
    return found
