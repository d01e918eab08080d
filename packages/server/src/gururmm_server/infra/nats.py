"""The bus: NATS core subjects for traffic in motion, JetStream for events.

Subjects stand in `infra.subjects`, what is in the messages in docs/protocol.md. Core messages may be lost (a broker
restart): whoever needs them keeps truth in the database or repeats by offset.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

import msgspec
import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription as NatsSubscription
from nats.errors import BadSubjectError, NoServersError
from nats.errors import Error as NatsError
from nats.js.api import ConsumerConfig, RetentionPolicy, StorageType, StreamConfig
from nats.js.client import JetStreamContext
from nats.js.errors import Error as JetStreamError
from nats.js.errors import ServerError

from gururmm_server.infra.errors import StartError, Unavailable
from gururmm_server.infra.kinds import Kind
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.subjects import EVENTS_STREAM, inbox

log = get_logger(__name__)

STORE_S: Final = 5.0
"""How long an event may take to be on the stream's disk."""
_NO_STORE: Final = 10012
"""What the broker says when it cannot make, or read, a reader's file."""
_READERS: Final = 9
_HEADER_BYTES = 256
"""More than the header of an event takes, which counts as payload."""
Callback = Callable[[str, bytes], Awaitable[None] | None]


class Unpublishable(Exception):
    """An event that the broker will never take, whoever offers it and however often."""


class EventsStream(msgspec.Struct, frozen=True):
    """The stream of events as it is now."""

    made: str
    """When it was: another moment, another stream."""
    last_seq: int
    missing: list[int]
    """Numbers up to that of events that it lost, as a file that was damaged does."""


class _Lost(msgspec.Struct):
    msgs: list[int] | None = None


class _State(msgspec.Struct):
    deleted: list[int] = []
    lost: _Lost | None = None


class _StreamAnswer(msgspec.Struct):
    state: _State


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
        self._asked: set[asyncio.Timeout] = set()
        self.events_made = ""
        """When the stream of events was made that this connection was last told of."""
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

    async def ensure_events_stream(self, *, replicas: int = 1) -> "EventsStream":
        """Create the stream of events if it isn't there. Kept 30 days; duplicates of an id within 10 minutes vanish.

        Raises `StartError` where JetStream is not usable.
        """
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
            async with self._asking():
                info = await self._js.add_stream(config)
                missing = await self._missing() if info.state.num_deleted or info.state.lost else []
        except (JetStreamError, NatsError, TimeoutError) as error:
            raise StartError(
                f"The message bus has no usable JetStream: {str(error) or type(error).__name__}. "
                "Start nats-server with --jetstream, and give the worker the user `worker` (gururmm nats-users)."
            ) from error
        assert info.created is not None
        self.events_made = info.created.isoformat()
        return EventsStream(self.events_made, info.state.last_seq, missing)

    async def _missing(self) -> list[int]:
        """Returns the numbers of the events that the stream had and does not have any more."""
        assert self._client is not None
        answer = await self._client.request(
            f"$JS.API.STREAM.INFO.{EVENTS_STREAM}", b'{"deleted_details": true}', timeout=STORE_S
        )
        state = msgspec.json.decode(answer.data, type=_StreamAnswer).state
        return [*state.deleted, *(state.lost.msgs or () if state.lost else ())]

    async def publish_event(self, subject: str, payload: bytes, event_id: str) -> int:
        """Store an event in JetStream; returns its number there when it is on disk.

        Raises `Unavailable`, and `Unpublishable`.
        """
        assert self._js is not None
        assert self._client is not None
        if not self._client.is_connected:
            raise Unavailable(internal="event not stored: the bus is away")  # it would be sent before anybody can look
        # The broker would end the connection, and the client does not count the header.
        if len(payload) > self._client.max_payload - _HEADER_BYTES:
            raise Unpublishable("it is longer than what the broker takes")
        try:
            async with self._asking():
                stored = await self._js.publish(subject, payload, headers={"Nats-Msg-Id": event_id}, timeout=STORE_S)
        except BadSubjectError as error:
            raise Unpublishable(str(error)) from error
        except (NatsError, JetStreamError, TimeoutError) as error:
            raise Unavailable(internal=f"event not stored: {error}") from error
        return stored.seq

    async def pull(self, durable: str, subject: str) -> "EventReader":
        """A durable reader of events, shared by every process that uses the same name.

        Where the broker cannot read any more how far that one was, the next name's begins anew: its file is beyond our
        reach, and who takes events may get one twice.
        """
        await self.ensure_events_stream()
        for name in (durable, *(f"{durable}-{number}" for number in range(2, _READERS + 1))):
            inner = await self._reader(name, subject)
            if inner is not None and await self._is_within(name):
                return EventReader(inner, name, self._asking)
            log.warning("a reader of events is damaged and left behind", reader=name)
        raise Unavailable(internal=f"all readers of {durable} are damaged")

    async def _reader(self, name: str, subject: str) -> Any:
        """Returns a durable reader; None for one whose file the broker cannot read. Raises `Unavailable`."""
        assert self._js is not None
        config = ConsumerConfig(ack_wait=30, max_deliver=-1)
        try:
            async with self._asking():
                return await self._js.pull_subscribe(subject, durable=name, stream=EVENTS_STREAM, config=config)
        except ServerError as error:
            if error.err_code == _NO_STORE:
                return None
            raise Unavailable(internal=str(error)) from error
        except (NatsError, JetStreamError, TimeoutError) as error:
            raise Unavailable(internal=str(error)) from error

    async def _is_within(self, name: str) -> bool:
        """Tells whether a durable reader is within the stream: beyond its last event it would wait for ever."""
        assert self._js is not None
        try:
            async with self._asking():
                info = await self._js.consumer_info(EVENTS_STREAM, name)
        except (NatsError, JetStreamError, TimeoutError) as error:
            raise Unavailable(internal=str(error)) from error
        # Asked in this order: meanwhile the stream grows, and others read.
        stream = await self.ensure_events_stream()
        return info.delivered is None or info.delivered.stream_seq <= stream.last_seq

    @asynccontextmanager
    async def _asking(self) -> AsyncIterator[asyncio.Timeout]:
        """While the broker is asked: raises `TimeoutError` once the connection is lost, since no answer comes then."""
        async with asyncio.timeout(None) as limit:
            self._asked.add(limit)
            try:
                yield limit
            finally:
                self._asked.discard(limit)

    async def _on_error(self, error: Exception) -> None:
        if "permissions violation" in str(error).lower():
            log.error("the bus refuses this process something", error=str(error))
        elif self._open:  # before, `open` says it in one sentence
            log.info("bus", error=str(error) or type(error).__name__)

    async def _on_disconnected(self) -> None:
        now = asyncio.get_running_loop().time()
        for limit in tuple(self._asked):
            if limit.when() is None:
                limit.reschedule(now)
        if self._open:
            log.warning("bus lost")

    async def _on_reconnected(self) -> None:
        log.info("bus is back")
        for callback in self.on_reconnect:
            await callback()


class EventReader:
    """A durable pull consumer: an event comes again until it was acknowledged."""

    def __init__(
        self, inner: Any, name: str, asking: Callable[[], AbstractAsyncContextManager[asyncio.Timeout]]
    ) -> None:
        self._inner = inner
        self._asking = asking
        self.name = name

    async def fetch(self, count: int, wait_s: float) -> list[Msg]:
        """Up to `count` events; an empty list when none came in `wait_s`. Raises `Unavailable`."""
        try:
            async with self._asking() as limit:
                messages: list[Msg] = await self._inner.fetch(count, timeout=wait_s)
                return messages
        except TimeoutError as error:
            if limit.expired():
                raise Unavailable(internal="the bus was lost") from error
            return []
        except (NatsError, JetStreamError) as error:
            raise Unavailable(internal=str(error)) from error
