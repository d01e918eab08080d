"""Bounds of protocol 2. A peer that exceeds one is disconnected with a close code that says which."""

from typing import Final

from gururmm_wire.sealing import SEAL_BYTES

MAX_MESSAGE_BYTES: Final = 256 * 1024
"""One whole message, fragments included, after authentication."""

MAX_SEALED_BYTES: Final = MAX_MESSAGE_BYTES + SEAL_BYTES
"""The same as it goes over the socket."""

MAX_UNAUTHENTICATED_BYTES: Final = 4 * 1024
"""One whole message before authentication."""

MAX_FRAGMENTS: Final = 64
"""Fragments of one message."""

AUTHENTICATION_SECONDS: Final = 10
"""From the open socket to a valid `Authenticate`."""

CHUNK_BYTES: Final = 32 * 1024
"""The most data in one chunk of a command's output or of a channel's input."""

TUNNEL_OUTPUT_BYTES: Final = 64 * 1024
"""The most in one piece of a channel's output: a good part of what a flood costs on its way is counted in pieces."""

CHANNEL_SEAL_BYTES: Final = 24
"""By how much a sealed piece of a channel is longer than what it holds: its number and its tag (`channel_seal`)."""

CHANGE_BYTES: Final = 16 * 1024
"""The most in one sealed change of a channel's parameters."""

COMMAND_OUTPUT_BYTES: Final = 1024 * 1024
"""What is kept of one command's output, both streams together; what is in the middle is counted and left out."""

COMMAND_HEAD_BYTES: Final = 256 * 1024
"""How much of it may be the beginning of each stream; the rest is the end of both."""

SCRIPT_BYTES: Final = 128 * 1024
"""The longest script of a command."""

TUNNEL_CREDIT_BYTES: Final = 4 * 1024 * 1024
"""The most output of a channel that an agent keeps unacknowledged, whatever credit it is given."""

TUNNEL_INPUT_WINDOW_BYTES: Final = 256 * 1024
"""Input of a channel that may be under way beyond the agent's last acknowledged offset."""

METRICS_BACKLOG_ITEMS: Final = 500
"""Samples in one `MetricsBacklog`."""

CAPABILITIES: Final = 64
"""Names in one list of capabilities: it has to fit in a message before `Welcome`."""

ORDER_SECONDS: Final = 7 * 86400
"""How long after its signing an order may be followed: agents remember ids for as long."""

ORDER_KEYS: Final = 8
"""Order keys that an agent pins at once; of more it forgets the oldest."""

ORDER_WINDOW: Final = 4096
"""How many counters of orders an agent remembers; what is below all of them is refused."""

SECTIONS: Final = 64
"""Sections of the inventory in one message."""


class Close:
    """WebSocket close codes of the agent's socket (4000–4999 are ours; docs/protocol.md lists what an agent does)."""

    RESTARTING: Final = 1012
    UNAUTHENTICATED: Final = 4001
    MALFORMED: Final = 4002
    TOO_LARGE: Final = 4003
    AUTHENTICATION_TIMEOUT: Final = 4004
    REPLACED: Final = 4005
    REVOKED: Final = 4006
    SILENT: Final = 4007
    TOO_SLOW: Final = 4008
    UNAVAILABLE: Final = 4009
    BROKEN_SEAL: Final = 4010
    AMBIGUOUS: Final = 4011
