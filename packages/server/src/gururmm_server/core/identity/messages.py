"""What api processes tell each other about sign-in sessions, over a NATS core subject (MessagePack)."""

from typing import Final

import msgspec

from gururmm_server.infra import subjects

SESSIONS_REVOKED: Final = subjects.IDENTITY_REVOKED.of()


class SessionsRevoked(msgspec.Struct, array_like=True, frozen=True):
    """These sign-in sessions ended: their access tokens are worth nothing from now on."""

    session_ids: list[bytes]
