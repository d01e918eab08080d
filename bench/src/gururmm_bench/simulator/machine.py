"""One simulated machine: its beat, its inventory, its obedience."""

import asyncio
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from gururmm_wire import orders
from gururmm_wire.codec import MalformedMessage, inventory_hash
from gururmm_wire.v2.agent import (
    Goodbye,
    InventoryDelta,
    InventoryHashes,
    InventorySection,
    Message,
    SettingsApplied,
    TunnelClosed,
)
from gururmm_wire.v2.limits import Close
from gururmm_wire.v2.names import SECTIONS
from gururmm_wire.v2.server import (
    CancelCommand,
    InventoryWanted,
    MoveOver,
    Order,
    Query,
    ResultAck,
    RunCommand,
    ServerMessage,
    Settings,
    SettingsPush,
    TunnelClose,
    TunnelInput,
    TunnelOpen,
    TunnelResume,
    Watch,
    Welcome,
)

from gururmm_bench.simulator.answers import answer
from gururmm_bench.simulator.inventory import AGENT_VERSION, Items, collect
from gururmm_bench.simulator.link import Link
from gururmm_bench.simulator.profile import Profile
from gururmm_bench.simulator.readings import heartbeat, metrics
from gururmm_bench.simulator.store import Identity

if TYPE_CHECKING:
    from gururmm_bench.simulator.commands import Commands

NO_SHELL: Final = "a simulated machine has no shell"
_BASE_S: Final = 0.5
_CEILING_S: Final = 60.0
_STABLE_S: Final = 10.0
_RETURN_FIRST_S: Final = 1.0
_RETURN_S: Final = 4.0
_RETURN_TRIES: Final = 12
_PAUSE_S: Final = 1.0
_NOBODY_THERE: Final = (0, 1006, Close.RESTARTING)
_REVOKED_S: Final = 600.0

Connect = Callable[["Machine", float], None]
"""Asks the fleet to connect this machine after so many seconds."""


class Machine:
    """The state of one machine. All timers are the event loop's; a machine that is off has none."""

    __slots__ = (
        "_beat", "_commands", "_connect", "_failures", "_gone", "_inventory_timer", "_leaving", "_link", "_metrics_at",
        "_rng", "_sent", "_settings", "_since", "_watch", "_watch_until", "beats", "identity", "number", "profile",
        "with_inventory",
    )  # fmt: skip

    def __init__(
        self, profile: Profile, identity: Identity, commands: "Commands", connect: Connect, *, with_inventory: bool
    ) -> None:
        self.profile = profile
        self.number = profile.number
        self.identity = identity
        self.with_inventory = with_inventory
        self.beats = True
        self._commands = commands
        self._connect = connect
        self._rng = random
        self._link: Link | None = None
        self._leaving = False
        self._failures = 0
        self._gone = 0
        self._since = 0.0
        self._settings = Settings()
        self._sent: dict[str, Items] = {}
        self._metrics_at = 0.0
        self._beat: asyncio.TimerHandle | None = None
        self._inventory_timer: asyncio.TimerHandle | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._watch_until = 0.0

    # What the link asks for.

    @property
    def agent_id(self) -> bytes:
        """16 bytes; only of an enrolled machine."""
        assert self.identity.agent_id is not None
        return self.identity.agent_id

    @property
    def settings_version(self) -> int:
        """Which version of its settings it runs; 0 before the first."""
        return self._settings.version

    @property
    def secret(self) -> bytes:
        """Seed and public half."""
        return self.identity.secret

    @property
    def server_key(self) -> bytes:
        """Pinned at enrolment."""
        return self.identity.server_key

    @property
    def presentation(self) -> tuple[str, str, str]:
        """Agent version, os and arch."""
        return AGENT_VERSION, self.profile.system.pretty, self.profile.architecture

    @property
    def online(self) -> bool:
        """Whether the server has welcomed this machine on the present connection."""
        return self._link is not None and self._link.welcomed

    def send(self, message: Message) -> None:
        """Send, or drop while the machine is off."""
        if self._link is not None:
            self._link.send(message)

    def leave(self, reason: str) -> None:
        """Switch off cleanly: goodbye, and no way back until the fleet connects it again."""
        self._leaving = True
        self.send(Goodbye(reason))
        if self._link is not None:
            self._link.close(1000, reason)

    def crash(self) -> None:
        """Switch off as a power cut does."""
        self._leaving = True
        if self._link is not None:
            self._link.cut()

    def may_connect(self) -> None:
        """Switched on again."""
        self._leaving = False

    def failed(self, retry_after_s: float = 0.0) -> None:
        """An attempt to connect was refused: try again with full jitter, as the real agent does."""
        if self._leaving:
            return
        ceiling = min(_CEILING_S, _BASE_S * 2.0 ** min(self._failures, 16))
        self._failures += 1
        self._connect(self, retry_after_s + self._rng.uniform(0, ceiling))

    def found_nobody(self) -> None:
        """No server was there: try again soon, as the real agent does."""
        if self._leaving:
            return
        low, high = (_PAUSE_S, _RETURN_S) if self._gone else (0.0, _RETURN_FIRST_S)
        if self._gone >= _RETURN_TRIES:
            low, high = 0.0, min(_CEILING_S, _RETURN_S * 2.0 ** min(self._gone - _RETURN_TRIES + 1, 16))
        self._gone += 1
        self._connect(self, self._rng.uniform(low, high))

    def on_welcome(self, link: Link, welcome: Welcome) -> None:  # noqa: ARG002
        if self._leaving:
            link.close(1000, "switched off")
            return
        self._link = link
        self._since = time.monotonic()
        self._commands.resend(self.number, self.send)
        if self.with_inventory:
            self._tell_hashes()
            self._plan_inventory()
        if self.beats:
            self._send_metrics()
            self._next_beat(self._rng.uniform(0, self._settings.heartbeat_s))

    def on_closed(self, link: Link, code: int, reason: str) -> None:  # noqa: ARG002
        if self._link is not None and self._link is not link:
            return
        self._link = None
        self._cancel_timers()
        if self._since and time.monotonic() - self._since >= _STABLE_S:
            self._failures = self._gone = 0
        self._since = 0.0
        if self._leaving:
            return
        if code == Close.REPLACED:
            self._connect(self, self._rng.uniform(30, 60))
        elif code == Close.REVOKED:
            self._connect(self, _REVOKED_S)
        elif code in _NOBODY_THERE:
            self.found_nobody()
        else:
            self.failed()

    def on_message(self, message: ServerMessage) -> None:
        match message:
            case Order():
                self._follow(message)
            case ResultAck():
                self._commands.acknowledge(self.number, message.command_id)
            case InventoryWanted():
                self._send_sections(message.sections)
            case Query():
                self.send(answer(self.profile, message, time.time()))
            case Watch():
                self._watch_until = time.monotonic() + message.for_s
                self._watched(message.interval_s)
            case MoveOver():
                asyncio.get_running_loop().call_later(self._rng.uniform(0, message.within_s), self._move_over)
            case _:
                self._refuse_tunnel(message)

    def _follow(self, order: Order) -> None:
        """Do what an order says. A simulated machine has nothing to lose, so it takes the signature for good."""
        try:
            body, message = orders.read(order)
        except MalformedMessage:
            return
        match message:
            case RunCommand():
                self._commands.start(self.number, self.profile, message, body.not_after, self.send)
            case CancelCommand():
                self._commands.cancel(self.number, message.command_id, self.send)
            case SettingsPush():
                self._apply(message.settings)
            case TunnelOpen():
                self._refuse_tunnel(message)

    def _refuse_tunnel(self, message: Message) -> None:
        """Resizes and acknowledgements of a channel that never opened need no answer."""
        if isinstance(message, TunnelOpen | TunnelInput | TunnelResume):
            self.send(TunnelClosed(message.session_id, message.channel, None, NO_SHELL, 0))
        elif isinstance(message, TunnelClose):
            self.send(TunnelClosed(message.session_id, 0, None, NO_SHELL, 0))

    # Settings and readings.

    def _apply(self, settings: Settings) -> None:
        self._settings = settings
        self.send(SettingsApplied(settings.version))
        if self.with_inventory:
            self._plan_inventory()
        if self._beat is not None:
            self._next_beat(self._rng.uniform(0, settings.heartbeat_s))

    def _next_beat(self, delay: float) -> None:
        if self._beat is not None:
            self._beat.cancel()
        self._beat = asyncio.get_running_loop().call_later(delay, self._on_beat)

    def _on_beat(self) -> None:
        if time.monotonic() - self._metrics_at >= self._settings.metrics_s - 0.5:
            self._send_metrics()
        else:
            self.send(heartbeat(self.profile, time.time()))
        self._next_beat(min(self._settings.heartbeat_s, self._settings.metrics_s))

    def _send_metrics(self) -> None:
        self._metrics_at = time.monotonic()
        self.send(metrics(self.profile, time.time()))

    def _watched(self, interval_s: int) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if self.online and time.monotonic() < self._watch_until:
            self.send(metrics(self.profile, time.time()))
            self._watch = asyncio.get_running_loop().call_later(interval_s, self._watched, interval_s)

    def _move_over(self) -> None:
        if self._link is not None and not self._leaving:
            link, self._link = self._link, None
            self._cancel_timers()
            link.close(1001, "moving over")
            self._connect(self, 0.0)

    # Inventory.

    def _tell_hashes(self) -> None:
        now = time.time()
        self._sent = {section: collect(self.profile, section, now) for section in SECTIONS}
        self.send(InventoryHashes({section: inventory_hash(items) for section, items in self._sent.items()}))

    def _send_sections(self, sections: list[str]) -> None:
        for section in sections:
            items = self._sent.get(section)
            if items is not None:
                self.send(InventorySection(section, inventory_hash(items), items))

    def _plan_inventory(self) -> None:
        if self._inventory_timer is not None:
            self._inventory_timer.cancel()
        delay = self._settings.inventory_s * self._rng.uniform(0.9, 1.1)
        self._inventory_timer = asyncio.get_running_loop().call_later(delay, self._check_inventory)

    def _check_inventory(self) -> None:
        now = time.time()
        for section, before in self._sent.items():
            items = collect(self.profile, section, now)
            if items == before:
                continue
            changed = {key: item for key, item in items.items() if before.get(key) != item}
            removed = [key for key in before if key not in items]
            self.send(InventoryDelta(section, inventory_hash(before), inventory_hash(items), changed, removed))
            self._sent[section] = items
        self._plan_inventory()

    def _cancel_timers(self) -> None:
        for timer in (self._beat, self._inventory_timer, self._watch):
            if timer is not None:
                timer.cancel()
        self._beat = self._inventory_timer = self._watch = None
