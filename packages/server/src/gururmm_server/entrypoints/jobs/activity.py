"""From the stream of events to the activity feed. Durable: what was not acknowledged comes again."""

import asyncio

import msgspec

from gururmm_server.core.events.feed import FeedRow, read
from gururmm_server.core.events.service import ActivityFeed
from gururmm_server.infra.errors import GuruError, StartError
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.nats import Bus, EventReader

log = get_logger(__name__)

_DURABLE = "activity"
_BATCH = 200
_WAIT_S = 5.0


class ActivityConsumer:
    """Any number may run: they share one durable reader, and the feed takes each event once."""

    def __init__(self, bus: Bus, feed: ActivityFeed) -> None:
        self._bus = bus
        self._feed = feed

    async def run(self) -> None:
        """Consume for ever; after a failure from a new reader."""
        while True:
            if not self._bus.connected:
                await asyncio.sleep(0.5)
                continue
            try:
                # The stream may have been lost with the broker's disk; then it begins anew.
                await self._bus.ensure_events_stream()
                reader = await self._bus.pull(_DURABLE, "events.>")
                while True:
                    await self.consume(reader)
            except (GuruError, StartError) as error:
                log.warning("the feed waits", error=str(error))
            except Exception:
                log.exception("the feed failed")
            await asyncio.sleep(1)

    async def consume(self, reader: EventReader, wait_s: float = _WAIT_S) -> int:
        """One batch: written, then acknowledged. How many events came."""
        messages = await reader.fetch(_BATCH, wait_s)
        found: list[FeedRow] = []
        for message in messages:
            try:
                found.append(read(message.data))
            except msgspec.MsgspecError as error:
                # It will never become readable: keeping it would only hold up the others.
                log.error("an event cannot be read", subject=message.subject, error=str(error))  # noqa: TRY400
        if found:
            await self._feed.add(found)
        for message in messages:
            await message.ack()
        return len(messages)
