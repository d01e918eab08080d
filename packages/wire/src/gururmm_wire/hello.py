"""Hello and enrolment: the JSON bodies of the bootstrap path. Sacred: additive-only for ever.

A field is never renamed, removed or given another meaning, and a new one always has a default, because an agent
that was switched off for three years must still be understood. Every released request body is kept in
`tests/golden/` and answered by every build.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Short = Annotated[str, Meta(max_length=128)]
HexKey = Annotated[str, Meta(min_length=64, max_length=64, pattern=r"^[0-9a-f]+\Z")]
HexSignature = Annotated[str, Meta(min_length=128, max_length=128, pattern=r"^[0-9a-f]+\Z")]

Action = Literal["proceed", "upgrade_required", "downgrade_required", "rejected"]


class HelloRequest(msgspec.Struct, kw_only=True):
    """`POST /api/v1/bootstrap/hello`. Every field has a default: a hello that says little is still answered."""

    agent_version: Short = ""
    protocol_version: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    os: Short = ""
    arch: Short = ""
    agent_id: Short = ""


class HelloResponse(msgspec.Struct, kw_only=True, omit_defaults=False):
    """What the agent should do next, and where its gateway is (`gateway_url`, ws or wss)."""

    server_version: str
    min_supported_protocol: int
    latest_protocol: int
    action: Action
    message: str = ""
    gateway_url: str = ""
    server_public_key: str = ""
    server_time: int = 0
    retry_after_s: int = 0
    update_url: str = ""
    update_checksum: str = ""
    update_args: list[str] = msgspec.field(default_factory=list)
    restart_policy: str = ""


class EnrolRequest(msgspec.Struct, kw_only=True):
    """`POST /api/v1/bootstrap/enrol`: a new agent registers the public half of its own key with a site code.

    `signature` is by that key over `challenge.enrolment_bytes`, which proves the agent holds the private half.
    """

    site_code: Short
    public_key: HexKey
    signature: HexSignature
    hostname: Annotated[str, Meta(min_length=1, max_length=255)]
    machine_id: Short = ""
    agent_version: Short = ""
    protocol_version: int = 0
    os: Short = ""
    arch: Short = ""
    agent_id: Short = ""
    """The id that this agent had here so far, by its own word; empty where it was never enrolled."""
    agent_signature: Annotated[str, Meta(max_length=128, pattern=r"^[0-9a-f]*\Z")] = ""
    """By the key that it had under that id, over the same bytes: this alone shows that it was that machine."""


class EnrolResponse(msgspec.Struct, kw_only=True):
    """The agent's id and the keys that it pins, apart from TLS (hex, Ed25519): the server's, and that of orders.

    `tenant_id` is the Partner: settings are ordered for all of its machines together, everything else for one agent.
    `outcome` is `known` (nothing changed), `new`, `again` (it had been removed here), `forgotten` (the server did not
    know this agent any more) or `copy` (of another machine); `message` says it to people. `orders_after`: what changes
    the agent's identity counts only when it was signed later than this (`orders.Body.counter`).
    """

    agent_id: str
    server_public_key: str
    gateway_url: str
    order_public_key: str = ""
    tenant_id: str = ""
    outcome: str = ""
    message: str = ""
    orders_after: int = 0
