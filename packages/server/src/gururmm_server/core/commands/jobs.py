"""Commands whose deadline passed before a machine took them."""

from uuid import UUID

from gururmm_server.core.commands import _jobs_repository as rows
from gururmm_server.core.commands import shapes
from gururmm_server.core.commands._jobs_repository import ExpiredRow
from gururmm_server.core.commands.events import CommandCompleted
from gururmm_server.core.commands.live import CommandUpdate
from gururmm_server.core.commands.settings import OUTPUT_KEPT
from gururmm_server.core.post.service import Post
from gururmm_server.core.settings.reading import values_for_partners
from gururmm_server.infra import outbox
from gururmm_server.infra.database import Database


async def expire(db: Database, post: Post) -> int:
    """End commands that nobody will run any more, with an event and a live update each. Returns how many."""
    async with db.worker() as tx:
        ended = await rows.expire(tx)
        await outbox.publish_many(tx, [(row.tenant_id, _completed(row)) for row in ended])
        by_tenant: dict[UUID, list[CommandUpdate]] = {}
        for row in ended:
            by_tenant.setdefault(row.tenant_id, []).append(shapes.update(row))
        for tenant_id, updates in by_tenant.items():
            tx.after_commit(post.to_dashboards, tenant_id, updates)
    return len(ended)


async def forget_output(db: Database) -> int:
    """Deletes the output of commands that ended as long ago as is set; what was run, and how it ended, stays.

    Returns of how many commands.
    """
    forgotten = 0
    while True:
        async with db.worker() as tx:
            kept = await values_for_partners(tx, OUTPUT_KEPT)
            some = await rows.forget_output(tx, kept)
        if not some:
            return forgotten
        forgotten += some


async def forget_scripts(db: Database) -> int:
    """Deletes scripts that no command has any more. Returns how many."""
    async with db.worker() as tx:
        return await rows.forget_scripts(tx)


def _completed(row: ExpiredRow) -> CommandCompleted:
    return CommandCompleted(
        command_id=row.command_id,
        agent_id=row.agent_id,
        hostname=row.hostname,
        status=row.status,
        exit_code=row.exit_code,
    )
