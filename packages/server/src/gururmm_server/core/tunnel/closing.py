"""What is written down when a tech session ends, and the end of all those to a machine that is removed."""

from uuid import UUID

from gururmm_wire.codec import encode
from gururmm_wire.v2.server import TunnelClose

from gururmm_server.core.access.subject import Subject
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.component import Ended
from gururmm_server.core.events import traffic
from gururmm_server.core.tunnel import _repository as repository
from gururmm_server.core.tunnel._repository import CHANNEL
from gururmm_server.core.tunnel.events import TunnelClosed
from gururmm_server.core.tunnel.reasons import close_reason
from gururmm_server.infra import outbox
from gururmm_server.infra.database import Row, Transaction


async def note_close(
    tx: Transaction,
    tenant_id: UUID,
    session_id: UUID,
    row: Row,
    *,
    reason: str,
    exit_code: int | None,
    actor: Subject | None,
) -> None:
    """The audit row and the event of a session (agent_id, hostname, opened_by) that is closed in this transaction."""
    details = {"reason": reason, "exit_code": exit_code}
    await append(tx, "tunnel_audit", AuditRow("tunnel.close", actor, row["agent_id"], session_id, CHANNEL, details))
    event = TunnelClosed(
        session_id=session_id,
        agent_id=row["agent_id"],
        hostname=row["hostname"],
        actor=actor.name if actor is not None else row["opened_by"],
        reason=reason,
    )
    await outbox.publish(tx, tenant_id, event)


async def close_all(tx: Transaction, agent_id: UUID, actor: Subject) -> Ended:
    """Close every session to a machine that is removed. Rows and recordings stay; relays are told after the commit."""
    assert tx.tenant_id is not None
    reason = close_reason("removed")
    closed = await repository.close_all(tx, agent_id, reason)
    for row in closed:
        await note_close(tx, tx.tenant_id, row["session_id"], row, reason=reason, exit_code=None, actor=actor)
    notice = traffic.encode(traffic.TunnelNotice("", reason))
    return Ended(
        [encode(TunnelClose(row["session_id"].bytes)) for row in closed],
        [(traffic.tunnel_notice(row["session_id"]), notice) for row in closed],
    )
