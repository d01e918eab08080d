"""What is moving right now, once for each process: one bus subscription a tenant, however many look on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self
from uuid import UUID

import msgspec

from gururmm_server.core.component import House
from gururmm_server.core.post import traffic
from gururmm_server.core.post.live import GatewayBatch, LiveBatch
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.nats import Bus, Subscription

log = get_logger(__name__)

Listener = Callable[[LiveBatch | None], None]
"""Called on the event loop, in order; must not block. None says that something may have been missed."""

LINGER_SECONDS = 60.0
_said = msgspec.msgpack.Decoder(LiveBatch)
_of_machines = msgspec.msgpack.Decoder(GatewayBatch)


@dataclass(slots=True, eq=False)
class _Channel:
    subscription: Subscription
    listeners: set[Listener] = field(default_factory=set)
    expiry: asyncio.TimerHandle | None = None


class LiveHub:
    """Subscribes to a tenant's live traffic while somebody listens, and a minute beyond: waits come in series."""

    def __init__(self, bus: Bus, *, linger_seconds: float = LINGER_SECONDS) -> None:
        self._bus = bus
        self._linger_seconds = linger_seconds
        self._channels: dict[UUID, _Channel] = {}
        self._opening: dict[UUID, asyncio.Task[_Channel]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        bus.on_reconnect.append(self._missed)

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's hub."""
        hub = cls(house.bus)
        house.at_end(hub.close)
        return hub

    @asynccontextmanager
    async def listening(self, tenant_id: UUID, listener: Listener) -> AsyncIterator[None]:
        """Gives `listener` every batch of the tenant within it: what is read from now on cannot change unheard.

        What was published before is not repeated. While the broker is away, `listener` gets None once it is back.
        """
        channel = await self._channel(tenant_id)
        if channel.expiry is not None:
            channel.expiry.cancel()
            channel.expiry = None
        channel.listeners.add(listener)
        try:
            yield
        finally:
            channel.listeners.discard(listener)
            if not channel.listeners and channel.expiry is None:
                loop = asyncio.get_running_loop()
                channel.expiry = loop.call_later(self._linger_seconds, self._expire, tenant_id, channel)

    async def close(self) -> None:
        """Stop all subscriptions."""
        channels, self._channels = list(self._channels.values()), {}
        for channel in channels:
            if channel.expiry is not None:
                channel.expiry.cancel()
            await channel.subscription.stop()
        await asyncio.gather(*self._closing)

    async def _channel(self, tenant_id: UUID) -> _Channel:
        """Returns the tenant's channel; those who come while it is being opened wait for the same one."""
        channel = self._channels.get(tenant_id)
        if channel is not None:
            return channel
        task = self._opening.get(tenant_id)
        if task is None:
            task = asyncio.create_task(self._open(tenant_id))
            self._opening[tenant_id] = task
            task.add_done_callback(lambda _: self._opening.pop(tenant_id, None))
        return await asyncio.shield(task)

    async def _open(self, tenant_id: UUID) -> _Channel:
        listeners: set[Listener] = set()
        said = traffic.live(tenant_id)

        def fan_out(subject: str, payload: bytes) -> None:
            _give(listeners, (_said if subject == said else _of_machines).decode(payload))

        channel = _Channel(await self._bus.subscribe(traffic.live_all(tenant_id), fan_out), listeners)
        await self._bus.settled()
        self._channels[tenant_id] = channel
        return channel

    async def _missed(self) -> None:
        for channel in tuple(self._channels.values()):
            _give(channel.listeners, None)

    def _expire(self, tenant_id: UUID, channel: _Channel) -> None:
        channel.expiry = None
        if channel.listeners or self._channels.get(tenant_id) is not channel:
            return
        del self._channels[tenant_id]
        task = asyncio.create_task(channel.subscription.stop())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _give(listeners: set[Listener], batch: LiveBatch | None) -> None:
    for listener in tuple(listeners):
        try:
            listener(batch)
        except Exception:
            log.exception("a listener failed")
