"""Commands of a machine that is removed."""

from uuid import UUID

import msgspec

from gururmm_server.core.access.subject import Subject
from gururmm_server.core.audit.service import append
from gururmm_server.core.commands import _repository as rows
from gururmm_server.core.commands import shapes
from gururmm_server.core.commands._repository import HeldRow
from gururmm_server.core.commands.cancelling import cancellation
from gururmm_server.core.component import Ended, LiveKind
from gururmm_server.core.orders.signing import OrderSigner
from gururmm_server.infra import outbox
from gururmm_server.infra.database import Transaction


class CancelAll:
    """Ends the commands of a machine that is removed."""

    def __init__(self, signer: OrderSigner) -> None:
        self._signer = signer

    async def __call__(self, tx: Transaction, agent_id: UUID, actor: Subject) -> Ended:
        """Cancel the commands that are not over, with an audit row and an event each; the rows go with the machine."""
        unfinished, told = await _cancel_all(tx, agent_id, actor)
        sent = [cancellation(row) for row in unfinished if row.sent_at is not None]
        return Ended(await self._signer.sign_all(sent), to_dashboards=told)


async def _cancel_all(tx: Transaction, agent_id: UUID, actor: Subject) -> tuple[list[HeldRow], list[LiveKind]]:
    assert tx.tenant_id is not None
    unfinished = await rows.lock_unfinished(tx, agent_id)
    if not unfinished:
        return [], []
    audited = [shapes.audit_row("command.cancelled", actor, row) for row in unfinished]
    await append(tx, "tunnel_audit", *audited)
    await outbox.publish_many(tx, [(tx.tenant_id, shapes.cancelled(row)) for row in unfinished])
    updates = [msgspec.structs.replace(shapes.update(row), status="cancelled") for row in unfinished]
    return unfinished, list(updates)
