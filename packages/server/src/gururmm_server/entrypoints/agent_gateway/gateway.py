"""The gateway: opens, holds agents, moves them over, closes."""

import asyncio
import resource
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from time import monotonic
from typing import Final

from gururmm_wire.codec import encode
from gururmm_wire.protocol import SOCKET_PATH
from gururmm_wire.v2.agent import Authenticate
from gururmm_wire.v2.limits import Close
from gururmm_wire.v2.server import MoveOver

from gururmm_server.core.commands.delivery import CommandDelivery
from gururmm_server.core.component import House
from gururmm_server.core.inventory.ingest import InventoryIngest
from gururmm_server.core.orders.chain import KeyChain
from gururmm_server.core.orders.refusals import OrderRefusals
from gururmm_server.core.post import traffic
from gururmm_server.core.post.traffic import AgentConnected
from gururmm_server.core.presence.doubles import Doubles
from gururmm_server.core.presence.gateways import GatewayRecord, ThisGateway
from gururmm_server.core.presence.service import Change, Presence
from gururmm_server.core.presence.session import AgentSession
from gururmm_server.core.settings.told import ToldSettings
from gururmm_server.core.telemetry.ingest import TelemetryIngest
from gururmm_server.core.tunnel.opened import OpenedChannels
from gururmm_server.entrypoints.agent_gateway.agent_socket import AgentSocket
from gururmm_server.entrypoints.agent_gateway.authenticator import Authenticator
from gururmm_server.entrypoints.agent_gateway.channels import Channels
from gururmm_server.entrypoints.agent_gateway.configurations import Configurations
from gururmm_server.entrypoints.agent_gateway.door import Door, Refused
from gururmm_server.entrypoints.agent_gateway.downlink import Downlink
from gururmm_server.entrypoints.agent_gateway.inbox import Inbox
from gururmm_server.entrypoints.agent_gateway.queues import REPORT_BYTES, DatabaseQueues
from gururmm_server.entrypoints.agent_gateway.roster import Roster
from gururmm_server.entrypoints.agent_gateway.shares import Shares
from gururmm_server.entrypoints.agent_gateway.sweeper import Sweeper
from gururmm_server.entrypoints.agent_gateway.twins import Twins
from gururmm_server.entrypoints.agent_gateway.uplink import Uplink
from gururmm_server.infra.crowd import Crowd
from gururmm_server.infra.errors import GuruError, StartError
from gururmm_server.infra.given import cannot_listen
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.metrics import AGENT_DISCONNECTS, AGENTS_CONNECTED
from gururmm_server.infra.peer_log import PeerLog
from gururmm_server.infra.proxies import TrustedProxies

log = get_logger(__name__)
about_peers = PeerLog(log)

BEAT_S: Final = 5.0
OVERDUE_S: Final = 5.0
DRAIN_S: Final = 20.0
MOVES_PER_SECOND: Final = 500
WAITING: Final = 5000
"""Connections that may be unauthenticated at once; for one more, the oldest of the visitor with most of them goes."""
_SPARE_FILES: Final = 200
_NOTABLE: Final = {
    Close.MALFORMED,
    Close.TOO_LARGE,
    Close.SILENT,
    Close.TOO_SLOW,
    Close.REPLACED,
    Close.BROKEN_SEAL,
}


class Gateway:
    """One gateway. `open` first, then `run` as a task until `drain`, then `close`."""

    def __init__(
        self,
        house: House,
        *,
        most: int | None = None,
        overdue_s: float = OVERDUE_S,
        report_bytes: int = REPORT_BYTES,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Builds it of what the house has, which also says which gateway it is (`ThisGateway`).

        `most` is how many connections it takes (None: as many as there are files for); `overdue_s` is how often it
        looks for commands that nobody told it of; `report_bytes` is what agents' words about commands may weigh while
        they wait for the database; `clock` times an agent's return, and how long one that lied is not listened to.
        """
        bus = house.bus
        self.gateway_id = house.given(ThisGateway).gateway_id
        self.port = 0
        self.roster = Roster(clock)
        self._overdue_s = overdue_s
        self._house = house
        self._bus = bus
        self._url = ""
        self._draining = False
        self._others = 0
        self._beaten_at = 0.0
        self._bus_was_away = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._record = house.get(GatewayRecord)
        self._configurations = Configurations(house.get(ToldSettings))
        self._order_keys = house.get(KeyChain)
        self._commands = house.get(CommandDelivery)
        self._uplink = Uplink(bus)
        self._queues = DatabaseQueues(
            presence=house.get(Presence),
            telemetry=house.get(TelemetryIngest),
            inventory=house.get(InventoryIngest),
            commands=self._commands,
            refusals=house.get(OrderRefusals),
            roster=self.roster,
            uplink=self._uplink,
            report_bytes=report_bytes,
            gateway_id=self.gateway_id,
        )
        self._channels = Channels(house.get(OpenedChannels), self.roster, self._uplink, self.gateway_id, clock)
        self._inbox = Inbox(self._queues, self._uplink, self._channels)
        self._sweeper = Sweeper(self.roster)
        self._twins = Twins(self.roster, house.get(Doubles), self._uplink)
        self._downlink = Downlink(
            bus,
            self.gateway_id,
            self.roster,
            configurations=self._configurations,
            order_keys=self._order_keys,
            twins=self._twins,
            channels=self._channels,
        )
        self._authenticator: Authenticator | None = None
        self._most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - _SPARE_FILES if most is None else most
        self._shares = Shares(self._most)
        self._proxies = TrustedProxies(house.settings.trusted_proxies)
        self._strangers: Crowd[Door | AgentSocket] = Crowd(lambda one: one.abort(), lambda: min(WAITING, self._room))

    async def open(self, host: str, port: int, advertise_url: str = "") -> None:
        """Listen, and be listed. Raises `StartError`; then nothing is left behind."""
        seed = await self._record.agent_link_key()
        if not seed:
            raise StartError("The database has no key for the agents' link: run `gururmm migrate` once.")
        await self._order_keys.reload()
        presence = self._house.get(Presence)
        self._authenticator = Authenticator(
            presence,
            self._configurations,
            self._order_keys,
            seed,
            joined=self._joined,
            twins=self._twins,
            shares=self._shares,
        )
        try:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: Door(self), host, port, backlog=4096, start_serving=False
            )
        except (OSError, UnicodeError) as error:
            raise cannot_listen(error, host, port, "--port") from error
        self.port = self._server.sockets[0].getsockname()[1]
        shown = "127.0.0.1" if host in {"", "0.0.0.0", "::"} else host  # noqa: S104
        self._url = advertise_url or f"ws://{shown}:{self.port}"
        await self._downlink.open()
        self._bus.on_reconnect.append(self._on_reconnect)
        await self._beat()
        await self._server.start_serving()
        log.info("gateway listens", gateway_id=self.gateway_id, url=self._url)

    async def run(self) -> None:
        """Run everything that goes on beside the sockets, for ever. Cancel it to stop."""
        assert self._authenticator is not None
        async with asyncio.TaskGroup() as tasks:
            for part in (
                self._authenticator.run,
                self._queues.run,
                self._channels.run,
                self._uplink.run,
                self._sweeper.run,
                self._twins.run,
                self._downlink.run_settings,
                self._run_beats,
                self._run_overdue,
                self._run_grace,
            ):
                tasks.create_task(_keep(part))

    async def ready(self) -> dict[str, bool]:
        """Returns what the gateway needs, and whether it is there."""
        return {
            "database": monotonic() - self._beaten_at < 3 * BEAT_S,
            "bus": self._bus.connected,
            "agents": self._server is not None and not self._draining,
        }

    async def drain(self, limit_s: float = DRAIN_S) -> None:
        """Send the agents to other gateways without a storm; where there is none, just say that it is over."""
        self._draining = True
        try:
            await self._record.beat(self._url, draining=True)
            self._others = await self._record.others_alive()
        except GuruError as error:
            log.warning("drain without the database", error=str(error))
        within_s = min(int(limit_s) - 5, 1 + len(self.roster.agents) // MOVES_PER_SECOND) if self._others else 0
        log.info("gateway drains", agents=len(self.roster.agents), others=self._others, within_s=within_s)
        if within_s > 0:
            message = encode(MoveOver(within_s=within_s))
            await _each(self.roster.agents, lambda socket: socket.send(message))
            give_up = monotonic() + within_s + 3
            while self.roster.agents and monotonic() < give_up:  # noqa: ASYNC110 - a rare wait on a dictionary
                await asyncio.sleep(0.05)
        if self._server is not None:
            self._server.close()
        for seated in (self.roster.tunnels, self.roster.agents):
            await _each(seated, lambda socket: socket.close(Close.RESTARTING, "the gateway stops"))
        for socket in [*self.roster.waiting, *self.roster.checking]:
            socket.close(Close.RESTARTING, "the gateway stops")
        await asyncio.sleep(0.05)

    async def close(self) -> None:
        """Write what waits and leave the list of gateways.

        Whoever has left counts as offline, unless there is a gateway to come back to: that one may not have written it
        yet, and the worker counts those that never came.
        """
        if self._server is not None:
            self._server.close()
        if not self._others:
            for session in self.roster.overdue(grace_s=-1):
                self._queues.left(session, "the gateway stopped")
        if not await self._queues.drained(5):
            log.warning("not everything could be written before the end")
        await self._uplink.drained(2)
        if self._on_reconnect in self._bus.on_reconnect:
            self._bus.on_reconnect.remove(self._on_reconnect)
        await self._downlink.close()
        try:
            await self._record.retire()
        except GuruError as error:
            log.warning("left without notice", error=str(error))
        await self._house.close()

    # Sockets.

    @property
    def _room(self) -> int:
        """Returns how many connections there may be beside those of agents that are in."""
        return self._most - len(self.roster.agents) - len(self.roster.tunnels) - len(self.roster.checking)

    def came(self, door: Door) -> None:
        self._strangers.enter(door, door.peer, proxy=self._proxies.trusts(door.peer))

    def gone(self, door: Door) -> None:
        self._strangers.leave(door)

    def admit(self, door: Door, path: str, forwarded: list[str]) -> AgentSocket:
        if path != SOCKET_PATH:
            raise Refused(HTTPStatus.NOT_FOUND)
        if self._draining or self._room <= 0:
            raise Refused(HTTPStatus.SERVICE_UNAVAILABLE, retry_after_s=5)
        return AgentSocket(self, door.tcp, self._proxies.client(door.peer, forwarded))

    def opened(self, socket: AgentSocket) -> None:
        self.roster.waiting[socket] = monotonic()
        self._strangers.enter(socket, socket.address, proxy=self._proxies.trusts(socket.address))

    def proof(self, socket: AgentSocket, data: bytes) -> None:
        assert self._authenticator is not None
        self.roster.waiting.pop(socket, None)
        self._strangers.leave(socket)
        self.roster.checking[socket] = monotonic()
        self._authenticator.check(socket, data)

    def message(self, socket: AgentSocket, data: bytes) -> None:
        self._inbox.take(socket, data)

    def throttled(self, socket: AgentSocket) -> None:
        self.roster.throttled[socket] = None

    def closing(self, socket: AgentSocket, code: int, reason: str) -> None:
        self.roster.closing[socket] = monotonic()
        AGENT_DISCONNECTS.labels(str(code)).inc()
        if code in _NOTABLE and socket.session is not None:
            session = socket.session
            about_peers.info(
                session.agent_id,
                "agent disconnected",
                agent_id=str(session.agent_uuid),
                tenant_id=str(session.tenant_id),
                code=code,
                reason=reason,
            )
        # The agent no longer counts as here, although its socket takes a moment to go.
        self._end(socket)

    def lost(self, socket: AgentSocket) -> None:
        self._end(socket)
        self.roster.leave(socket)

    def _joined(self, socket: AgentSocket, session: AgentSession, proof: Authenticate | None) -> None:
        older = self.roster.join_tunnel(socket, session) if socket.tunnel else self.roster.join(socket, session)
        if older is not None:
            older.close(Close.REPLACED, "a newer connection of this agent is open")
        self._shares.enter(socket, session)
        if not socket.tunnel:
            self._queues.came(Change(session, proof=proof))
        here = AgentConnected(session.agent_id, session.tenant_id.bytes, self.gateway_id, tunnel=socket.tunnel)
        self._uplink.post(traffic.agent_connected(session.agent_uuid), traffic.encode(here))
        AGENTS_CONNECTED.set(len(self.roster.agents))

    def _end(self, socket: AgentSocket) -> None:
        self._strangers.leave(socket)
        if socket.tunnel:
            self.roster.unseat_tunnel(socket)
        session = None if socket.tunnel else self.roster.unseat(socket)
        if socket.session is not None:
            self._channels.forget_gone(socket.session.agent_id)
            self._shares.leave(socket, socket.session)
        if session is None:
            return
        AGENTS_CONNECTED.set(len(self.roster.agents))
        if socket.clean:
            self._queues.left(session, "stopped")
        elif socket.code == Close.REVOKED:
            self._queues.left(session, "removed")
        elif socket.code == Close.AMBIGUOUS:
            self._queues.left(session, "another machine has its key")
        elif socket.code == Close.SILENT:
            self._queues.left(session, "silent")
        else:
            self.roster.linger(session)

    # Loops.

    async def _beat(self) -> None:
        await self._record.beat(self._url, draining=self._draining)
        self._beaten_at = monotonic()

    async def _run_beats(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            self._inbox.count()
            try:
                await self._beat()
            except GuruError as error:
                log.warning("no sign of life could be written", error=str(error))

    async def _run_grace(self) -> None:
        while True:
            await asyncio.sleep(0.5)
            for session in self.roster.overdue():
                self._queues.left(session, "connection lost")

    async def _on_reconnect(self) -> None:
        self._bus_was_away.set()
        self._downlink.look_again()

    async def _run_overdue(self) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._bus_was_away.wait(), self._overdue_s)
            # What was sent while the bus was away never came, though its rows say that it was sent a moment ago.
            lost = self._bus_was_away.is_set()
            self._bus_was_away.clear()
            try:
                agents, cancellations = await self._commands.overdue(self.gateway_id, at_once=lost)
            except GuruError as error:
                log.warning("commands wait for the database", error=str(error))
                if lost:
                    self._bus_was_away.set()
                await asyncio.sleep(1)
                continue
            self._queues.send_all(cancellations)
            self._queues.due(agents, again=lost)


async def _each(sockets: Mapping[bytes, AgentSocket], act: Callable[[AgentSocket], None]) -> None:
    """Do something with every socket, in slices, so that the loop stays awake."""
    chosen = list(sockets.values())
    for start in range(0, len(chosen), 200):
        for socket in chosen[start : start + 200]:
            act(socket)
        await asyncio.sleep(0)


async def _keep(part: Callable[[], Awaitable[None]]) -> None:
    """Run a part for ever: ten thousand connections do not end because one statement failed in an unknown way."""
    while True:
        try:
            await part()
        except Exception:
            log.exception("a part of the gateway failed and goes on in a second", part=part.__qualname__)
            await asyncio.sleep(1)
