"""Names on the wire that come out of lists that grow, and what this build knows of each list.

Such a name is bounded, never closed: a peer of another age may say one that is not in the list here. Whoever receives
a name that it does not know stays connected: it refuses a kind by name (`UNKNOWN_KIND`) and passes over the rest. A
list is appended to; a name keeps its meaning for ever.
"""

from typing import Annotated, Final

from msgspec import Meta

OpenName = Annotated[str, Meta(max_length=40, pattern=r"^[A-Za-z][A-Za-z0-9_.]*\Z")]

SECTIONS: Final = ("system", "hardware", "disks", "network", "temperatures", "users", "software")
"""Sections of the inventory. One that is not known is neither asked for nor kept."""

CHANNEL_KINDS: Final = ("terminal",)
"""Kinds of a tunnel's channels. One that is not known is refused with `TunnelClosed`."""

QUERY_KINDS: Final = ("processes", "folders", "temperatures", "smart")
"""Kinds of questions. One that is not known is refused with `Answer`."""

OUTCOMES: Final = ("succeeded", "failed", "timed_out", "cancelled", "expired")
"""How a command can end; `expired` came too late for its deadline and never ran. Another name counts as `failed`."""

ACCESS: Final = ("read_only", "became_read_only", "not_answering")
"""Why a file system cannot be written to. `read_only` was never seen otherwise, as an image or a CD; one that became it
is a disk that failed. Another name is passed over."""

FAULTS: Final = ("state_not_kept", "reading_failed")
"""What an agent cannot do: write its state directory; read something of its machine. Others are passed over."""

LOG_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")
"""How much an agent writes into its log. With a level that it does not know it keeps the one that it has."""

STREAMS: Final = (1, 2)
"""stdout and stderr. Output of any other stream is kept as the first one's."""

UNKNOWN_KIND: Final = "unknown_kind"
"""The code of a refusal: this build does not know such a kind, and will not until it is another build."""

ORDER_REFUSED: Final = "order_refused"
"""The code of a channel that was not opened, because the order to open it was not followed."""

ORDER_KINDS: Final = (
    "run_command",
    "cancel_command",
    "tunnel_open",
    "settings",
    "key_change",
    "tunnel_rekey",
    "uninstall",
    "change_identity",
)
"""Kinds of orders. One that is not known is refused with `OrderRefused`."""

REFUSALS: Final = (
    "not_signed",
    "no_key",
    "unknown_key",
    "forged",
    "malformed",
    UNKNOWN_KIND,
    "other_addressee",
    "expired",
    "too_far_ahead",
    "behind",
    "repeated",
)
"""Why an agent does not follow an order; `orders` says what each means. The server shows one that it does not know."""
