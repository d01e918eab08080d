"""The one table of the bus: every subject, which kinds of process publish on it, and which hear it.

Whoever makes a subject makes it of a row here (`of`), and what the broker permits each kind is read off the same rows
(`permitted`). What stands in no row is refused to everybody. docs/protocol.md says what is in the messages.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from gururmm_server.infra.kinds import Kind

EVENTS_STREAM: Final = "EVENTS"


@dataclass(frozen=True, slots=True)
class Subject:
    """A family of subjects: `*` in the pattern stands for one word, `>` for the rest."""

    pattern: str
    publishers: frozenset[Kind] = frozenset()
    hearers: frozenset[Kind] = frozenset()
    heard_as: str = ""
    """The wider pattern by which it is heard together with its neighbours; empty: its own."""
    _form: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_form", self.pattern.replace("*", "%s").replace(">", "%s"))

    def of(self, *words: str) -> str:
        """Returns the subject with these words in the pattern's open places. Raises `TypeError` for too few or many."""
        return self._form % words


ALL: Final[list[Subject]] = []


def _row(pattern: str, publishers: Iterable[Kind], hearers: Iterable[Kind] = (), *, heard_as: str = "") -> Subject:
    row = Subject(pattern, frozenset(publishers), frozenset(hearers), heard_as)
    ALL.append(row)
    return row


_API, _GATEWAY, _WORKER = {Kind.API}, {Kind.GATEWAY}, {Kind.WORKER}
_ANY_ORDER, _ANY_OF_SESSION, _ANY_LIVE = "gateway.*.*", "tunnel.*.*", "live.*.*"

# Orders to a gateway. No gateway gives another one orders.
GATEWAY_ORDERS: Final = _row(_ANY_ORDER, (), _GATEWAY)
GATEWAY_DELIVER: Final = _row("gateway.*.deliver", _API | _WORKER, _GATEWAY, heard_as=_ANY_ORDER)
GATEWAY_TUNNEL: Final = _row("gateway.*.tunnel", _API, _GATEWAY, heard_as=_ANY_ORDER)
GATEWAY_KICK: Final = _row("gateway.*.kick", _API, _GATEWAY, heard_as=_ANY_ORDER)
GATEWAY_MOVED: Final = _row("gateway.*.moved", _API, _GATEWAY, heard_as=_ANY_ORDER)
SETTINGS_CHANGED: Final = _row("settings.*.changed", _API | _WORKER, _GATEWAY)
# What is so of a machine.
AGENT_CONNECTED: Final = _row("agent.*.connected", _GATEWAY, _API)
AGENT_REPLACED: Final = _row("agent.*.replaced", _GATEWAY, _GATEWAY)
AGENT_REMOVED: Final = _row("agent.*.removed", _API, _GATEWAY)
# Tech sessions and live questions, on their way to the api that asked.
TUNNEL_SESSION: Final = _row(_ANY_OF_SESSION, (), _API)
TUNNEL_UP: Final = _row("tunnel.*.up", _GATEWAY, _API, heard_as=_ANY_OF_SESSION)
TUNNEL_NOTICE: Final = _row("tunnel.*.notice", _API | _WORKER, _API, heard_as=_ANY_OF_SESSION)
ANSWER: Final = _row("answer.*", _GATEWAY, _API)
# To whoever looks at a dashboard, and among ourselves. A gateway says what machines do, and nothing else.
LIVE: Final = _row(_ANY_LIVE, (), _API)
LIVE_SAID: Final = _row("live.*.said", _API | _WORKER, _API, heard_as=_ANY_LIVE)
LIVE_OF_MACHINES: Final = _row("live.*.machines", _GATEWAY, _API, heard_as=_ANY_LIVE)
IDENTITY_REVOKED: Final = _row("identity.revoked", _API, _API)
OUTBOX_WAKE: Final = _row("outbox.wake", _API | _GATEWAY | _WORKER, _WORKER)
# JetStream, the worker's alone: it stores events, and makes and reads the durable consumers of their one stream.
EVENT: Final = _row("events.*.>", _WORKER)
for _request in (
    f"$JS.API.STREAM.CREATE.{EVENTS_STREAM}",
    f"$JS.API.STREAM.INFO.{EVENTS_STREAM}",
    f"$JS.API.CONSUMER.INFO.{EVENTS_STREAM}.*",
    f"$JS.API.CONSUMER.CREATE.{EVENTS_STREAM}.*.>",
    f"$JS.API.CONSUMER.MSG.NEXT.{EVENTS_STREAM}.*",
    f"$JS.ACK.{EVENTS_STREAM}.>",
):
    _row(_request, _WORKER)


def inbox(kind: Kind) -> str:
    """Returns the first word of the subjects on which this kind gets answers to its requests: nobody else's."""
    return f"_INBOX_{kind}"


_row(f"{inbox(Kind.WORKER)}.>", (), _WORKER)


@dataclass(frozen=True, slots=True)
class Permitted:
    """What the broker lets one kind of process do: patterns, each once, in their order."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]


def permitted(kind: Kind) -> Permitted:
    """Returns what the table says of this kind."""
    return Permitted(
        publish=tuple(sorted({row.pattern for row in ALL if kind in row.publishers})),
        subscribe=tuple(sorted({row.heard_as or row.pattern for row in ALL if kind in row.hearers})),
    )


def users(passwords: dict[Kind, str]) -> str:
    """Returns the part of a nats-server's configuration that makes a user of each kind, with these passwords.

    A password is plain or bcrypt's hash of one. Raises `ValueError` for one that could not be written in quotes.
    """
    blocks = [_user(kind, passwords[kind]) for kind in Kind]
    return "authorization {\n  users = [\n" + "".join(blocks) + "  ]\n}\n"


def _user(kind: Kind, password: str) -> str:
    if not password or not password.isprintable() or {'"', "\\"} & set(password):
        raise ValueError(f"the {kind}'s password is empty or has characters that a configuration cannot hold")
    may = permitted(kind)
    return (
        f'    {{\n      user: "{kind}"\n      password: "{password}"\n      permissions: {{\n'
        f"        publish: {_listed(may.publish)}\n        subscribe: {_listed(may.subscribe)}\n      }}\n    }}\n"
    )


def _listed(patterns: Iterable[str]) -> str:
    lines = "".join(f'          "{pattern}"\n' for pattern in patterns)
    return f"[\n{lines}        ]"
