"""Commands of a machine that is removed."""

from uuid import UUID

import msgspec
from gururmm_wire.v2.server import CancelCommand

from gururmm_server.core.access.subject import Subject
from gururmm_server.core.audit.service import append
from gururmm_server.core.commands import _repository as rows
from gururmm_server.core.commands import shapes
from gururmm_server.core.component import Ended
from gururmm_server.infra import outbox
from gururmm_server.infra.database import Transaction


async def cancel_all(tx: Transaction, agent_id: UUID, actor: Subject) -> Ended:
    """Cancel what is not over, with an audit row and an event each. The rows themselves go with the machine."""
    assert tx.tenant_id is not None
    unfinished = await rows.lock_unfinished(tx, agent_id)
    if not unfinished:
        return Ended()
    audited = [shapes.audit_row("command.cancelled", actor, row) for row in unfinished]
    await append(tx, "tunnel_audit", *audited)
    await outbox.publish_many(tx, [(tx.tenant_id, shapes.cancelled(row)) for row in unfinished])
    updates = [msgspec.structs.replace(shapes.update(row), status="cancelled") for row in unfinished]
    return Ended(
        [CancelCommand(row["command_id"].bytes) for row in unfinished if row["sent_at"] is not None],
        to_dashboards=list(updates),
    )
