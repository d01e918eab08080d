"""What a peer says that it can do, so that the other side never has to guess it from a version.

`Authenticate` and `Welcome` each carry a list of such names. A message of a new tag is passed over in silence by a peer
that does not know it, so it is sent only to one whose capability says that it is understood; without it the older way
is taken. A new kind of channel or question needs no capability: it is refused by name. A new field needs one only
where its absence at the receiver would do harm.

The list is append-only, oldest first. A name is never used again for anything else, and a build goes on saying it for
as long as it can do what it means.
"""

import datetime as dt
from typing import Final, Literal

import msgspec

Side = Literal["agent", "server"]


class Capability(msgspec.Struct, frozen=True):
    """One name: since which day it is said, by whom, and what it promises."""

    name: str
    since: dt.date
    said_by: tuple[Side, ...]
    meaning: str


TUNNEL_CONNECTION: Final = "tunnel_connection"
IDENTITY_ORDERS: Final = "identity_orders"

CAPABILITIES: Final = (
    Capability(
        "open_names",
        dt.date(2026, 11, 27),
        ("agent", "server"),
        "Passes over an unknown tag, section or capability, refuses an unknown kind by name, and stays connected.",
    ),
    Capability(
        "expired",
        dt.date(2026, 11, 27),
        ("agent", "server"),
        "Says, and takes, the outcome `expired` for a command that came too late for its deadline.",
    ),
    Capability(
        TUNNEL_CONNECTION,
        dt.date(2026, 11, 27),
        ("server",),
        "Takes a second connection of an agent, with the purpose `tunnel`, which carries the bytes of its channels.",
    ),
    Capability(
        "signed_orders",
        dt.date(2026, 11, 27),
        ("agent", "server"),
        "Sends, and follows, commands, cancellations, settings and openings of channels only as signed orders.",
    ),
    Capability(
        "sealed_channels",
        dt.date(2026, 11, 27),
        ("agent", "server"),
        "Seals what a channel says between the api and the agent, under a key agreed in the signed opening.",
    ),
    Capability(
        IDENTITY_ORDERS,
        dt.date(2026, 11, 27),
        ("agent",),
        "Follows the orders `uninstall` and `change_identity`, also on a connection that ends right after them.",
    ),
)


def said_by(side: Side) -> list[str]:
    """Returns the names that this build says of itself on that side, oldest first."""
    return [capability.name for capability in CAPABILITIES if side in capability.said_by]
