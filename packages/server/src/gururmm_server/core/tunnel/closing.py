"""What is written down when tech sessions and channels end, and the end of all those to a machine that is removed."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from gururmm_wire.codec import encode
from gururmm_wire.v2.server import TunnelClose

from gururmm_server.core.access.subject import Subject
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.component import Ended
from gururmm_server.core.post import traffic
from gururmm_server.core.tunnel import _channel_repository as channels
from gururmm_server.core.tunnel import _repository as repository
from gururmm_server.core.tunnel._channel_repository import ClosedChannel
from gururmm_server.core.tunnel._repository import ClosedSession
from gururmm_server.core.tunnel.events import TunnelClosed
from gururmm_server.core.tunnel.reasons import close_reason
from gururmm_server.infra import outbox
from gururmm_server.infra.database import Transaction


@dataclass(frozen=True, slots=True)
class Closure:
    """Why something ended, with which exit code, and who ended it (None: nobody in particular)."""

    reason: str
    exit_code: int | None
    actor: Subject | None


async def note_channels(
    tx: Transaction,
    agent_id: UUID,
    closed: Iterable[ClosedChannel],
    closure: Closure,
) -> None:
    """Writes the audit rows of channels that are closed in this transaction."""
    rows = [
        AuditRow(
            "channel.close",
            closure.actor,
            agent_id,
            each.session_id,
            each.channel,
            {"kind": each.kind, "reason": closure.reason, "exit_code": closure.exit_code},
        )
        for each in closed
    ]
    if rows:
        await append(tx, "tunnel_audit", *rows)


async def note_session(tx: Transaction, tenant_id: UUID, row: ClosedSession, closure: Closure) -> None:
    """Writes the audit row and the event of a session that is closed."""
    session_id, agent_id = row.session_id, row.agent_id
    await append(
        tx,
        "tunnel_audit",
        AuditRow("tunnel.close", closure.actor, agent_id, session_id, details={"reason": closure.reason}),
    )
    event = TunnelClosed(
        session_id=session_id,
        agent_id=agent_id,
        hostname=row.hostname,
        actor=closure.actor.name if closure.actor is not None else row.opened_by,
        reason=closure.reason,
        opened_by=row.opened_by,
        exit_code=closure.exit_code,
    )
    await outbox.publish(tx, tenant_id, event)


async def close_all(tx: Transaction, agent_id: UUID, actor: Subject) -> Ended:
    """Closes every session to a machine that is removed. Rows and recordings stay; relays are told after the commit."""
    assert tx.tenant_id is not None
    reason = close_reason("removed")
    closure = Closure(reason, None, actor)
    closed = await repository.close_all(tx, agent_id, reason)
    session_ids = [row.session_id for row in closed]
    await note_channels(tx, agent_id, await channels.close(tx, session_ids, reason), closure)
    for row in closed:
        await note_session(tx, tx.tenant_id, row, closure)
    notice = traffic.encode(traffic.TunnelNotice("", reason))
    return Ended(
        [encode(TunnelClose(session_id.bytes)) for session_id in session_ids],
        [(traffic.tunnel_notice(session_id), notice) for session_id in session_ids],
    )
