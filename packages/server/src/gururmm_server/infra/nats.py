"""The bus: NATS core subjects for traffic in motion, JetStream for events.

Subjects stand in `infra.subjects`, what is in the messages in docs/protocol.md. Core messages may be lost (a broker
restart): whoever needs them keeps truth in the database or repeats by offset.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as NatsSubscription
from nats.errors import BadSubjectError, NoServersError
from nats.errors import Error as NatsError
from nats.js.api import ConsumerConfig, RetentionPolicy, StorageType, StreamConfig
from nats.js.client import JetStreamContext
from nats.js.errors import Error as JetStreamError

from gururmm_server.infra.errors import StartError, Unavailable
from gururmm_server.infra.kinds import Kind
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.subjects import EVENTS_STREAM, inbox

log = get_logger(__name__)

_HEADER_BYTES = 256
"""More than the header of an event takes, which counts as payload."""
Callback = Callable[[str, bytes], Awaitable[None] | None]


class Unpublishable(Exception):
    """An event that the broker will never take, whoever offers it and however often."""


class Subscription:
    """A running subscription."""

    def __init__(self, inner: NatsSubscription) -> None:
        self._inner = inner

    async def stop(self) -> None:
        """Stop; never raises, also when the broker is away."""
        try:
            await self._inner.unsubscribe()
        except NatsError as error:
            log.info("unsubscribe while away", error=str(error))


class Bus:
    """One connection to NATS that comes back by itself, for ever."""

    def __init__(self, url: str, *, name: str, kind: Kind | None = None) -> None:
        """`kind` says whose user the URL has: what is asked is answered where that user alone may listen."""
        self._url = url
        self._name = name
        self._inbox = inbox(kind) if kind is not None else "_INBOX"
        self._client: Client | None = None
        self._js: JetStreamContext | None = None
        self._open = False
        self.on_reconnect: list[Callable[[], Awaitable[None]]] = []

    @property
    def connected(self) -> bool:
        return self._client is not None and self._client.is_connected

    async def open(self) -> None:
        """Connect. Raises `StartError` with one sentence when nothing answers there."""
        try:
            self._client = await asyncio.wait_for(
                nats.connect(
                    servers=[part.strip() for part in self._url.split(",") if part.strip()],
                    name=self._name,
                    allow_reconnect=True,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=0.25,
                    connect_timeout=3,
                    ping_interval=10,
                    max_outstanding_pings=2,
                    pending_size=64 * 1024 * 1024,
                    inbox_prefix=self._inbox,
                    error_cb=self._on_error,
                    reconnected_cb=self._on_reconnected,
                    disconnected_cb=self._on_disconnected,
                ),
                8,
            )
        except (OSError, NatsError, NoServersError, TimeoutError, ValueError) as error:
            raise StartError(
                f"The message bus at {self._url.rpartition('@')[2]} does not answer "
                f"({str(error) or type(error).__name__}). Check --nats-url, its user and password, and that "
                "nats-server runs there."
            ) from error
        self._js = self._client.jetstream(timeout=5)
        self._open = True

    async def close(self) -> None:
        """Send what is pending and disconnect."""
        self._open = False
        if self._client is not None:
            try:
                await asyncio.wait_for(self._client.drain(), 3)
            except (NatsError, TimeoutError):
                await self._client.close()

    async def publish(self, subject: str, payload: bytes) -> None:
        """Hand a message to the broker: at most once. While the broker is away it is buffered (and may be dropped)."""
        assert self._client is not None
        try:
            await self._client.publish(subject, payload)
        except NatsError as error:
            log.info("message dropped", subject=subject, error=str(error))

    async def subscribe(self, subject: str, callback: Callback, queue: str = "") -> Subscription:
        """Call `callback(subject, payload)` for each message, in order. An error in it is logged."""
        assert self._client is not None

        async def deliver(message: Msg) -> None:
            try:
                answer = callback(message.subject, message.data)
                if answer is not None:
                    await answer
            except Exception:
                log.exception("subscriber failed", subject=message.subject)

        try:
            return Subscription(await self._client.subscribe(subject, queue=queue, cb=deliver))
        except NatsError as error:
            raise Unavailable(internal=str(error)) from error

    async def settled(self) -> None:
        """Wait until the broker has what was said so far, subscriptions above all; not for one that is away."""
        assert self._client is not None
        try:
            # The client's question overtakes what it has not sent yet; that has left by the time of the first answer.
            await self._client.flush(timeout=2)
            await self._client.flush(timeout=2)
        except NatsError as error:
            log.info("the broker does not confirm", error=str(error) or type(error).__name__)

    async def ensure_events_stream(self, *, replicas: int = 1) -> None:
        """Create the stream of events if it isn't there. Kept 30 days; duplicates of an id within 10 minutes vanish."""
        assert self._js is not None
        config = StreamConfig(
            name=EVENTS_STREAM,
            subjects=["events.>"],
            retention=RetentionPolicy.LIMITS,
            storage=StorageType.FILE,
            max_age=30 * 86400,
            duplicate_window=600,
            num_replicas=replicas,
        )
        try:
            await self._js.add_stream(config)
        except (JetStreamError, NatsError, TimeoutError) as error:
            raise StartError(
                f"The message bus has no usable JetStream: {str(error) or type(error).__name__}. "
                "Start nats-server with --jetstream, and give the worker the user `worker` (gururmm nats-users)."
            ) from error

    async def publish_event(self, subject: str, payload: bytes, event_id: str) -> None:
        """Store an event in JetStream; returns when it is on disk. Raises `Unavailable`, and `Unpublishable`."""
        assert self._js is not None
        assert self._client is not None
        # The broker would end the connection, and the client does not count the header.
        if len(payload) > self._client.max_payload - _HEADER_BYTES:
            raise Unpublishable("it is longer than what the broker takes")
        try:
            await self._js.publish(subject, payload, headers={"Nats-Msg-Id": event_id}, timeout=5)
        except BadSubjectError as error:
            raise Unpublishable(str(error)) from error
        except (NatsError, JetStreamError, TimeoutError) as error:
            raise Unavailable(internal=f"event not stored: {error}") from error

    async def pull(self, durable: str, subject: str) -> "EventReader":
        """A durable reader of events, shared by every process that uses the same name."""
        assert self._js is not None
        try:
            inner = await self._js.pull_subscribe(
                subject, durable=durable, stream=EVENTS_STREAM, config=ConsumerConfig(ack_wait=30, max_deliver=-1)
            )
        except (NatsError, JetStreamError, TimeoutError) as error:
            raise Unavailable(internal=str(error)) from error
        return EventReader(inner)

    async def _on_error(self, error: Exception) -> None:
        if "permissions violation" in str(error).lower():
            log.error("the bus refuses this process something", error=str(error))
        elif self._open:  # before, `open` says it in one sentence
            log.info("bus", error=str(error) or type(error).__name__)

    async def _on_disconnected(self) -> None:
        if self._open:
            log.warning("bus lost")

    async def _on_reconnected(self) -> None:
        log.info("bus is back")
        for callback in self.on_reconnect:
            await callback()


class EventReader:
    """A durable pull consumer: an event comes again until it was acknowledged."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def fetch(self, count: int, wait_s: float) -> list[Msg]:
        """Up to `count` events; an empty list when none came in `wait_s`. Raises `Unavailable`."""
        try:
            messages: list[Msg] = await self._inner.fetch(count, timeout=wait_s)
            return messages
        except TimeoutError:
            return []
        except (NatsError, JetStreamError) as error:
            raise Unavailable(internal=str(error)) from error
