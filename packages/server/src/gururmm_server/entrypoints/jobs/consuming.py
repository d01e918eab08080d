"""From the stream of events to who consumes them. Durable: what was not acknowledged comes again."""

import asyncio

from gururmm_server.core.component import Consumer
from gururmm_server.infra.errors import GuruError, StartError
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.nats import Bus, EventReader

log = get_logger(__name__)

_BATCH = 200
_WAIT_S = 5.0


class Consuming:
    """Runs one consumer. Any number of workers may: they share its durable reader."""

    def __init__(self, bus: Bus, consumer: Consumer) -> None:
        self._bus = bus
        self._consumer = consumer

    async def run(self) -> None:
        """Consume for ever; after a failure from a new reader."""
        name = self._consumer.name
        while True:
            if not self._bus.connected:
                await asyncio.sleep(0.5)
                continue
            try:
                # The stream may have been lost with the broker's disk; then it begins anew.
                await self._bus.ensure_events_stream()
                reader = await self._bus.pull(name, self._consumer.subject)
                while True:
                    await self.consume(reader)
            except (GuruError, StartError) as error:
                log.warning("a consumer waits", consumer=name, error=str(error))
            except Exception:
                log.exception("a consumer failed", consumer=name)
            await asyncio.sleep(1)

    async def consume(self, reader: EventReader, wait_s: float = _WAIT_S) -> int:
        """Take one batch of events, then acknowledge it. Returns how many came."""
        messages = await reader.fetch(_BATCH, wait_s)
        if messages:
            await self._consumer.take([message.data for message in messages])
        for message in messages:
            await message.ack()
        return len(messages)
