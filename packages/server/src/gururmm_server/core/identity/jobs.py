"""Forgetting what is of no use to anybody: old tickets, invitations and sign-in sessions."""

from gururmm_server.infra.database import Database


async def purge(db: Database) -> int:
    """Delete tickets a minute after their time, invitations and sessions a month after theirs; how many rows."""
    async with db.worker() as tx:
        tickets = await tx.execute("delete from core.stream_tickets where expires_at < now() - interval '1 minute'")
        invitations = await tx.execute("delete from core.invitations where expires_at < now() - interval '30 days'")
        sessions = await tx.execute(
            "delete from core.user_sessions where ended_at < now() - interval '30 days'"
            " or expires_at < now() - interval '30 days'"
        )
    return tickets + invitations + sessions
