"""The protocol's number and its dated history.

A message may gain trailing fields with defaults at any time; that is no new version. A change of meaning is a new
message tag. Only what an older peer could not survive bumps the number.

History (a test ties this list to `LATEST_PROTOCOL`):

- 1: 2025-02-01: the product's earlier line: JSON over WebSocket, one shared API key. Not served by this build.
- 2: 2026-11-23: MessagePack arrays, a key pair for each agent, mutual challenge, offsets on every stream.
"""

from typing import Final

LATEST_PROTOCOL: Final = 2
MIN_SUPPORTED_PROTOCOL: Final = 2

SOCKET_PATH: Final = "/agent/v2"
"""Path of the gateway's WebSocket for protocol 2."""
