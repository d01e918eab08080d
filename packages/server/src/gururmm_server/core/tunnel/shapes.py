"""How tech sessions and their channels are said."""

from collections.abc import Iterable
from datetime import timedelta
from uuid import UUID

from gururmm_server.core.tunnel._channel_repository import ChannelRow
from gururmm_server.core.tunnel._repository import SessionRow
from gururmm_server.core.tunnel.reasons import sentence
from gururmm_server.core.tunnel.schemas import ChannelStatus, StreamTicket, TunnelStatus


def channel_status(row: ChannelRow) -> ChannelStatus:
    """Returns a channel as the API says it."""
    return ChannelStatus(
        channel=row.channel,
        kind=row.kind,
        parameters=row.parameters,
        rights=row.rights,
        state=row.state,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        close_reason=row.close_reason,
        exit_code=row.exit_code,
        input_bytes=row.input_audited,
        output_bytes=row.output_recorded,
        left_out_bytes=row.left_out,
    )


def tunnel_status(row: SessionRow, channels: Iterable[ChannelRow]) -> TunnelStatus:
    """Returns a session with its channels as the API says it."""
    shown = [channel_status(channel) for channel in channels]
    return TunnelStatus(
        session_id=row.session_id,
        agent_id=row.agent_id,
        hostname=row.hostname,
        status=row.status,
        reason=row.reason,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        close_reason=row.close_reason,
        ended_because=None if row.close_reason is None else sentence(row.close_reason),
        opened_by=row.opened_by,
        exit_code=shown[0].exit_code if shown else None,
        input_bytes=sum(channel.input_bytes for channel in shown),
        output_bytes=sum(channel.output_bytes for channel in shown),
        left_out_bytes=sum(channel.left_out_bytes for channel in shown),
        left_at=row.left_at,
        ends_at=None if row.left_at is None else row.left_at + timedelta(seconds=row.grace_s),
        channels=shown,
    )


def tunnel_statuses(rows: Iterable[SessionRow], channels: Iterable[ChannelRow]) -> list[TunnelStatus]:
    """Returns sessions as the API says them, each with those of the channels that are its own."""
    by_session: dict[UUID, list[ChannelRow]] = {}
    for channel in channels:
        by_session.setdefault(channel.session_id, []).append(channel)
    return [tunnel_status(row, by_session.get(row.session_id, ())) for row in rows]


def stream_ticket(session_id: UUID, ticket: str) -> StreamTicket:
    """Returns a ticket with the address of the stream that it opens."""
    return StreamTicket(ticket=ticket, stream_url=f"/api/v1/tunnel/stream/{session_id}?ticket={ticket}")
