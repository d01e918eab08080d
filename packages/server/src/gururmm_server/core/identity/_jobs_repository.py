"""SQL that forgets what is of no use to anybody. Runs in the worker's scope."""

from gururmm_server.infra.database import Transaction


async def purge(tx: Transaction) -> int:
    """Deletes tickets and steps a minute after their time, invitations and sessions a month after. Returns how many."""
    tickets = await tx.execute("delete from core.stream_tickets where expires_at < now() - interval '1 minute'")
    steps = await tx.execute("delete from core.sign_in_steps where expires_at < now() - interval '1 minute'")
    invitations = await tx.execute("delete from core.invitations where expires_at < now() - interval '30 days'")
    sessions = await tx.execute(
        "delete from core.user_sessions where ended_at < now() - interval '30 days'"
        " or expires_at < now() - interval '30 days'"
    )
    return tickets + steps + invitations + sessions
