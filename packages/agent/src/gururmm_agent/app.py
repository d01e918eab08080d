"""The agent as a whole: one task group, one loop that keeps a connection, and who gets which message."""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from gururmm_wire import capabilities, orders
from gururmm_wire.protocol import LATEST_PROTOCOL
from gururmm_wire.v2 import server as wire
from gururmm_wire.v2.agent import PURPOSE_TUNNEL, Message, OrderRefused

from gururmm_agent.adapters.ports import Adapters
from gururmm_agent.link import hello
from gururmm_agent.link.hello import HelloFailed, Machine
from gururmm_agent.link.identities import Identities
from gururmm_agent.link.orders import Genuine, Orders, Refused
from gururmm_agent.link.reconnect import Backoff, Ended, ended_by
from gururmm_agent.link.route import Route
from gururmm_agent.link.socket import Closed, LinkUser, ServerLink, connect
from gururmm_agent.link.surroundings import Surroundings
from gururmm_agent.link.uplink import Uplink
from gururmm_agent.logs import SparseLog
from gururmm_agent.memory import give_back
from gururmm_agent.printable import printable
from gururmm_agent.state import Identity, StateDirectory
from gururmm_agent.supervision import Stop, Supervisor
from gururmm_agent.tasks.commands import Commands
from gururmm_agent.tasks.faults import Faults
from gururmm_agent.tasks.inventory import InventoryTask
from gururmm_agent.tasks.metrics import MetricsTask
from gururmm_agent.tasks.queries import Queries
from gururmm_agent.tasks.settings import LiveSettings
from gururmm_agent.tunnel.sessions import Tunnels

_log = logging.getLogger(__name__)
_STOP_S: Final = 1.5
_GOODBYE_S: Final = 2.0
_ID_FIELDS: Final = ("command_id", "session_id")


class _Wait(Exception):
    """There is no connection for now; `ended` and `within_s` say how long to wait."""

    def __init__(self, ended: Ended, reason: str, within_s: float = 0.0) -> None:
        super().__init__(reason)
        self.ended = ended
        self.within_s = within_s


class Agent:
    """Everything one running agent is made of."""

    def __init__(self, state: StateDirectory, identity: Identity, adapters: Adapters, route: Route) -> None:
        self._state = state
        self._identity = identity
        self._adapters = adapters
        self._route = route
        self._machine = describe(adapters)
        self._uplink = Uplink()
        self._settings = LiveSettings(self._uplink)
        self._refusals = SparseLog(_log)
        self._backoff = Backoff(random.uniform)
        self._move_at: float | None = None
        self._stopped = asyncio.Event()
        self._identity_changed = asyncio.Event()
        self._removed = False
        """The server had this agent taken away with its machine."""

    async def run(self) -> None:
        """Serve until the system asks this process to end."""
        self._adapters.host.on_stop(self._stopped.set)
        try:
            async with Supervisor() as group:
                self._build(group)
                group.create_task(self._commands.recover())
                group.keep("the connection", partial(self._stay_connected, group))
                group.keep("readings", self._metrics.run)
                group.keep("inventory", self._inventory.run)
                group.keep("tunnels", self._tunnels.run)
                group.keep("network", self._follow_network)
                group.keep("sleep", self._surroundings.watch_for_sleep)
                await self._stopped.wait()
                await self._farewell()
                raise Stop
        except* Stop:
            _log.info("stopped")
        self._state.let_go()
        if self._removed:
            self._adapters.host.uninstall(self._state.path)

    def _build(self, group: Supervisor) -> None:
        adapters, state, uplink = self._adapters, self._state, self._uplink
        self._orders = Orders(state.directory("orders"), self._identity, state.update_identity, uplink.server_now)
        self._identities = Identities(
            self._identity, state, self._machine, self._route, changed=self._reconnect_anew, group=group
        )
        directory, settings, faults = state.directory, self._settings, Faults()
        self._commands = Commands(directory("commands"), uplink, adapters, group, not_durable=state.kept_in_memory)
        self._metrics = MetricsTask(
            directory("spool"), adapters.readings, uplink, settings, faults=faults, state_trouble=state.trouble
        )
        self._inventory = InventoryTask(
            directory("inventory"), adapters.inventory, uplink, settings, group, faults=faults
        )
        self._surroundings = Surroundings()
        adapters.host.on_network_change(self._surroundings.changed)
        self._queries = Queries(adapters, uplink, group)
        self._tunnels = Tunnels(
            adapters,
            uplink,
            group,
            dial=self._dial_for_tunnels,
            backoff=Backoff(random.uniform),
            sign=lambda message: hello.sign(bytes.fromhex(self._identity.private_key), message),
        )

    async def _farewell(self) -> None:
        _log.info("stopping")
        try:
            async with asyncio.timeout(_STOP_S):
                await asyncio.gather(self._commands.stop(), self._tunnels.stop())
        except TimeoutError:
            _log.warning("some programs did not end in time")
        self._tunnels.hang_up()
        try:
            async with asyncio.timeout(_GOODBYE_S):
                await self._uplink.leave("the agent was stopped")
        except TimeoutError:
            _log.warning("the server did not read the goodbye in time")
        self._orders.close()
        self._metrics.close()

    async def _follow_network(self) -> None:
        while True:
            await self._surroundings.look()
            await self._inventory.look_at_network()

    async def _stay_connected(self, group: asyncio.TaskGroup) -> None:
        while True:
            try:
                await self._connect_once(group)
            except _Wait as wait:
                delay = self._backoff.next_delay(wait.ended, wait.within_s)
                _log.warning("%s; next try in %.1f s", wait, delay)
                await self._rest(wait.ended, delay)

    async def _rest(self, ended: Ended, delay: float) -> None:
        """Wait so long, or until another identity or another network is a reason to try at once."""
        reasons: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._identity_changed.wait())]
        if ended in (Ended.FAILED, Ended.GONE):
            reasons.append(asyncio.ensure_future(self._surroundings.wait(delay)))
        try:
            await asyncio.wait(reasons, timeout=delay, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for reason in reasons:
                reason.cancel()
        self._identity_changed.clear()

    def _reconnect_anew(self) -> None:
        """This agent is another machine to the server now: come back as that one, at once."""
        self._backoff = Backoff(random.uniform)
        self._identity_changed.set()
        self._uplink.close(1000, "another identity")

    async def _connect_once(self, group: asyncio.TaskGroup) -> None:
        """One hello, one connection, until it is over. Returns only after `MoveOver`; else raises `_Wait`."""
        gateway = await self._find_gateway()
        began = time.monotonic()
        try:
            link = await connect(gateway, self._identity, self._machine, self, self._route)
            self._surroundings.mind(link)
            _log.info("connected to %s", gateway)
            give_back()  # hello and the handshake each read the trust store
            ended = await self._catch_up(link, group)
            if ended.code is None:
                self._metrics.broken_off()
        except Closed as closed:
            raise _Wait(ended_by(closed.code), str(closed)) from closed
        finally:
            if self._uplink.connected:
                self._uplink.detach()
                self._tunnels.left()
        self._backoff.connected_for(time.monotonic() - began)
        if self._move_at is not None:
            _log.info("moving to another gateway")
            await asyncio.sleep(max(0.0, self._move_at - time.monotonic()))
            return
        raise _Wait(ended_by(ended.code), f"the connection ended: {ended}")

    def opened(self, link: ServerLink, welcome: wire.Welcome) -> None:
        """See `LinkUser`: from here on the tasks have a server."""
        self._move_at = None
        self._uplink.attach(link)
        for name in set(welcome.capabilities).difference(capabilities.said_by("server")):
            self._uplink.unknown.note("capability", name)
        self._metrics.connected()
        self._tunnels.served(second=capabilities.TUNNEL_CONNECTION in welcome.capabilities)

    async def _catch_up(self, link: ServerLink, group: asyncio.TaskGroup) -> Closed:
        """Send what waited for a connection, stay until it is over, and say how it ended."""
        catching_up = [
            group.create_task(work)
            for work in (self._commands.resend(), self._inventory.connected(), self._metrics.send_backlog())
        ]
        ended = await link.closed
        for task in catching_up:
            task.cancel()
        return ended

    async def _dial_for_tunnels(self, user: LinkUser) -> ServerLink:
        gateway, route = self._identity.gateway, self._route
        link = await connect(gateway, self._identity, self._machine, user, route, purpose=PURPOSE_TUNNEL)
        self._surroundings.mind(link)
        return link

    async def _find_gateway(self) -> str:
        """Ask the server; while it does not answer, the gateway of last time will do."""
        try:
            answer = await hello.say_hello(self._identity, self._machine, self._route)
        except HelloFailed as error:
            if not self._identity.gateway:
                raise _Wait(Ended.FAILED, str(error)) from error
            _log.warning("%s; trying the last gateway", error)
            return self._identity.gateway
        if answer.action == "rejected" or answer.min_supported_protocol > LATEST_PROTOCOL:
            raise _Wait(Ended.REJECTED, f"the server answers {answer.action}: {answer.message}", answer.retry_after_s)
        if answer.action != "proceed":
            _log.warning("the server answers %s: %s", answer.action, answer.message)
        gateway = answer.gateway_url or self._identity.gateway
        if not gateway:
            raise _Wait(Ended.FAILED, "the server named no gateway", answer.retry_after_s)
        if gateway != self._identity.gateway:
            self._identity.gateway = gateway
            try:
                self._state.update_identity(self._identity)
            except OSError as error:
                _log.error("the gateway's address could not be kept: %s", error)
        return gateway

    def _move_over(self, message: wire.MoveOver) -> None:
        wait = self._backoff.next_delay(Ended.MOVED, message.within_s)
        self._move_at = time.monotonic() + wait
        asyncio.get_running_loop().call_later(wait, self._leave, self._move_at)

    def _leave(self, planned: float) -> None:
        """End the connection that was told to move, unless it is over already."""
        if self._move_at == planned:
            self._uplink.close(1001, "moving over")

    def received(self, message: wire.ServerMessage) -> None:
        """See `LinkUser`: hand a message to its task. A fault in one message is logged and costs that message only."""
        try:
            self._hand_over(message)
        except Exception:  # noqa: BLE001 - the edge of the socket loop
            _log.exception("%s could not be handled", type(message).__name__)

    def passed_over(self, tag: int) -> None:
        """See `LinkUser`."""
        self._uplink.unknown.note("tag", str(tag))

    def _hand_over(self, message: wire.ServerMessage) -> None:
        match message:
            case wire.Order():
                self._follow(message)
            case wire.ResultAck():
                self._commands.acknowledge(message)
            case wire.Query():
                self._queries.ask(message)
            case wire.Watch():
                self._metrics.watch(message)
            case wire.InventoryWanted():
                self._inventory.wanted(message)
            case wire.MoveOver():
                self._move_over(message)
            case (
                wire.TunnelInput()
                | wire.TunnelChange()
                | wire.TunnelOutputAck()
                | wire.TunnelResume()
                | wire.TunnelClose()
            ):
                self._tunnels.received(message)
            case wire.Challenge() | wire.Welcome():
                _log.warning("the server sent %s twice", type(message).__name__)
            case _:
                self._refuse_bare(message)

    def _follow(self, order: wire.Order) -> None:
        """Do what an order says, if it is one. What was done already is told again, however late it is."""
        try:
            genuine = self._orders.check(order)
            if isinstance(genuine.message, wire.ChangeIdentity | wire.Uninstall):
                self._obey_identity(genuine, genuine.message)
            else:
                self._obey(genuine)
        except Refused as refusal:
            self._refuse(refusal)

    def _obey(self, order: Genuine) -> None:
        def followed() -> None:
            self._orders.followed(order)

        match message := order.message:
            case wire.RunCommand():
                if not self._commands.knows(message.command_id):
                    self._orders.check_once(order)
                self._commands.run(message, order.body.not_after, followed)
            case wire.CancelCommand():
                if not self._commands.knows(message.command_id):
                    self._orders.check_once(order)
                self._commands.cancel(message)
                followed()
            case wire.TunnelOpen() | wire.TunnelRekey():
                self._check_last_order(order, message)
                self._tunnels.ordered(message, order.body.counter)
                if self._tunnels.last_order(message) is not None:
                    self._orders.opened(message.session_id, message.channel)
            case wire.SettingsPush():
                self._orders.check_settings(order)
                self._orders.followed_settings(order)
                self._settings.apply(message.settings)
            case wire.KeyChange():
                self._orders.change_keys(message)

    def _obey_identity(self, order: Genuine, message: wire.ChangeIdentity | wire.Uninstall) -> None:
        """Be somebody else to the server, or nobody any more."""
        self._orders.check_identity(order)
        if isinstance(message, wire.ChangeIdentity):
            self._identities.change(message)
            return
        _log.warning("this machine was removed with its agent, which takes itself away now: %s", message.reason)
        self._removed = True
        self._stopped.set()

    def _check_last_order(self, order: Genuine, message: wire.TunnelOpen | wire.TunnelRekey) -> None:
        """The last order about a channel may be told again. Raises `Refused` for an older one."""
        last = self._tunnels.last_order(message)
        if last is not None and order.body.counter < last:
            raise Refused("repeated", "a newer order about the channel was followed", order.body, order.message)
        if last is None and isinstance(message, wire.TunnelOpen):
            self._orders.check_channel(order, message.session_id, message.channel)
        if order.body.counter != last:
            self._orders.check_once(order)
            self._orders.followed(order)

    def _refuse(self, refusal: Refused) -> None:
        """Say in the log and to the server that an order is not followed, and why."""
        body = refusal.body
        order_id, kind = (body.id, body.kind) if body is not None else (bytes(16), "unreadable")
        self._refusals.tell("an order (%s, %s) is not followed: %s: %s", kind, order_id.hex(), refusal.code, refusal)
        if isinstance(refusal.message, wire.RunCommand) and refusal.code == "expired":
            self._commands.expire(refusal.message, str(refusal))
        elif isinstance(refusal.message, wire.TunnelOpen):
            self._tunnels.refuse(refusal.message, f"the order to open it is not followed: {refusal}")
        self._uplink.send(OrderRefused(order_id, kind, refusal.code, str(refusal)[:2048]))

    def _refuse_bare(self, message: Message) -> None:
        """What came without an order around it, and counts only inside of one."""
        kind = orders.kind_of(message)
        assert kind is not None, type(message).__name__
        words = "it came without a signed order around it"
        order_id = next((getattr(message, name) for name in _ID_FIELDS if hasattr(message, name)), bytes(16))
        self._refusals.tell("an order (%s, %s) is not followed: not_signed: %s", kind, order_id.hex(), words)
        self._uplink.send(OrderRefused(order_id, kind, "not_signed", words))


def describe(adapters: Adapters) -> Machine:
    """The machine as hello and enrolment present it, within their bounds."""
    inventory = adapters.inventory
    return Machine(
        hostname=_said(inventory.hostname)[:255] or "unnamed",
        machine_id=_said(inventory.machine_id)[:128],
        os=_said(inventory.operating_system)[:128],
        arch=_said(inventory.architecture)[:128],
    )


def _said(question: Callable[[], str]) -> str:
    """What the system says of itself; nothing where it cannot: no machine stays away for want of a name."""
    try:
        return printable(question())
    except Exception:  # noqa: BLE001 - the edge of the collectors
        _log.warning("the machine does not say what it is", exc_info=True)
        return ""
