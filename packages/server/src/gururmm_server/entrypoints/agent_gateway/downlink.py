"""From the bus to the sockets: what other processes ask of this gateway's agents."""

import asyncio
from time import monotonic
from typing import Final
from uuid import UUID

import msgspec
from gururmm_wire.codec import MalformedMessage, decode_from_server, tag_in, tag_of
from gururmm_wire.v2.limits import Close
from gururmm_wire.v2.server import Watch

from gururmm_server.core.orders.chain import KeyChain
from gururmm_server.core.post import traffic
from gururmm_server.core.post.traffic import AgentMoved, AgentReplaced, Deliver, Kick
from gururmm_server.core.presence.doubles import Double
from gururmm_server.entrypoints.agent_gateway.agent_socket import AgentSocket
from gururmm_server.entrypoints.agent_gateway.channels import RESUME, Channels
from gururmm_server.entrypoints.agent_gateway.configurations import Configurations, tell
from gururmm_server.entrypoints.agent_gateway.roster import Roster
from gururmm_server.entrypoints.agent_gateway.twins import UNNAMED, Twins
from gururmm_server.infra.errors import Unavailable
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.nats import Bus, Subscription

log = get_logger(__name__)

SETTINGS_RELOAD_S: Final = 30.0
_WATCH: Final = tag_of(Watch)

_deliver = msgspec.msgpack.Decoder(Deliver)
_kick = msgspec.msgpack.Decoder(Kick)
_moved = msgspec.msgpack.Decoder(AgentMoved)
_replaced = msgspec.msgpack.Decoder(AgentReplaced)


class Downlink:
    """Subscribes for one gateway."""

    def __init__(
        self,
        bus: Bus,
        gateway_id: str,
        roster: Roster,
        *,
        configurations: Configurations,
        order_keys: KeyChain,
        twins: Twins,
        channels: Channels,
    ) -> None:
        self._bus = bus
        self._gateway_id = gateway_id
        self._roster = roster
        self._configurations = configurations
        self._order_keys = order_keys
        self._twins = twins
        self._channels = channels
        self._subscriptions: list[Subscription] = []
        self._stale: set[UUID] = set()
        self._all_stale = False
        self._settings_wake = asyncio.Event()
        self._orders = {
            "deliver": self.deliver,
            "tunnel": self.deliver_to_tunnel,
            "kick": self.kick,
            "moved": self.moved,
        }

    async def open(self) -> None:
        """Subscribe. Raises `Unavailable`."""
        for subject, callback in (
            (traffic.gateway_all(self._gateway_id), self.follow),
            (traffic.ANY_SETTINGS_CHANGED, self.settings_changed),
            (traffic.ANY_AGENT_REMOVED, self.removed),
            (traffic.ANY_AGENT_REPLACED, self.replaced),
        ):
            self._subscriptions.append(await self._bus.subscribe(subject, callback))

    async def close(self) -> None:
        """Hear no more."""
        for subscription in self._subscriptions:
            await subscription.stop()

    def follow(self, subject: str, payload: bytes) -> None:
        """Follow an order of any kind, by one subscription: a machine hears what it is told before it is cut off."""
        order = self._orders.get(subject.rpartition(".")[2])
        if order is not None:
            order(subject, payload)

    def deliver(self, _subject: str, payload: bytes) -> None:
        """Give a message to an agent if it is here."""
        order = _deliver.decode(payload)
        socket = self._roster.agents.get(order.agent_id)
        if socket is not None:
            self._carry(socket, order)

    def deliver_to_tunnel(self, subject: str, payload: bytes) -> None:
        """Give a message to an agent by its connection for channels, or by its own where that is not here."""
        order = _deliver.decode(payload)
        socket = self._roster.tunnels.get(order.agent_id)
        if socket is not None:
            self._carry(socket, order)
        else:
            self.deliver(subject, payload)

    def _carry(self, socket: AgentSocket, order: Deliver) -> None:
        tag = tag_in(order.message)
        if tag == _WATCH:
            self._note_watch(socket, order.message)
        elif tag == RESUME:
            self._channels.carried(order.agent_id, order.message)
        socket.send(order.message)

    def removed(self, _subject: str, payload: bytes) -> None:
        """Close a removed machine's connection for channels, which may be here, wherever the agent itself is."""
        socket = self._roster.tunnels.get(payload)
        if socket is not None:
            socket.close(Close.REVOKED, "this agent was removed")

    def kick(self, _subject: str, payload: bytes) -> None:
        """Close an agent's connection."""
        order = _kick.decode(payload)
        socket = self._roster.agents.get(order.agent_id)
        if socket is not None and socket.session is not None:
            socket.close(order.code, "told to by the server")

    def replaced(self, _subject: str, payload: bytes) -> None:
        """Close an agent's older connection, which may be here, where it has a newer one, unless that is another's."""
        notice = _replaced.decode(payload)
        socket = self._roster.agents.get(notice.agent_id)
        if socket is None or socket.session is None or socket.session.connection_id >= notice.before:
            return
        if socket.session.instance not in (None, notice.instance):
            double = Double(notice.instance or UNNAMED, notice.hostname, "", notice.address)
            self._twins.ask(socket, double, at=notice.gateway_id)
        else:
            socket.close(Close.REPLACED, "a newer connection of this agent is open elsewhere")

    def moved(self, _subject: str, payload: bytes) -> None:
        """Note that an agent is under another Client."""
        notice = _moved.decode(payload)
        self._roster.move(notice.agent_id, UUID(bytes=notice.client_id))

    def settings_changed(self, subject: str, _payload: bytes) -> None:
        """Note that a tenant's settings changed: settings.<tenant>.changed."""
        try:
            self._stale.add(UUID(hex=subject.split(".")[1]))
        except ValueError:
            return
        self._settings_wake.set()

    def look_again(self) -> None:
        """Look for changes now, whatever was told: the bus was away."""
        self._all_stale = True
        self._settings_wake.set()

    async def run_settings(self) -> None:
        """Pass on changes of settings and of the order key for ever: when told, and by looking now and then."""
        while True:
            try:
                await asyncio.wait_for(self._settings_wake.wait(), SETTINGS_RELOAD_S)
                wanted = None if self._all_stale else self._stale
                self._stale, self._all_stale = set(), False
            except TimeoutError:
                wanted = None
            self._settings_wake.clear()
            try:
                if wanted is None:
                    self._tell_all(await self._order_keys.reload())
                await self._tell_settings(wanted)
            except Unavailable:
                self._stale |= wanted or set()

    async def _tell_settings(self, tenant_ids: set[UUID] | None) -> None:
        here = [socket.session for socket in self._roster.agents.values() if socket.session is not None]
        for session, told in await self._configurations.news(here, tenant_ids):
            socket = self._roster.agents.get(session.agent_id)
            if socket is not None and socket.session is session:
                tell(socket, session, told)

    def _tell_all(self, changes: list[bytes]) -> None:
        for change in changes:
            for socket in list(self._roster.agents.values()):
                socket.send(change)

    def _note_watch(self, socket: AgentSocket, message: bytes) -> None:
        try:
            watch = decode_from_server(message)
        except MalformedMessage:
            return
        if isinstance(watch, Watch):
            socket.watched_until = monotonic() + watch.for_s + watch.interval_s
