"""What is said on the bus while a test looks, decoded."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

import msgspec
from gururmm_server.infra.nats import Bus

from packages.server.tests.waiting import until

Message = TypeVar("Message")


class Heard(list[Message], Generic[Message]):
    """The messages of a subject so far."""

    def __init__(self, bus: Bus, subject: str, kind: type[Message]) -> None:
        self._bus = bus
        self._subject = subject
        self._decoder = msgspec.msgpack.Decoder(kind)
        self._mark = asyncio.Event()

    def take(self, _subject: str, data: bytes) -> None:
        if data:
            self.append(self._decoder.decode(data))
        else:
            self._mark.set()

    async def everything(self) -> list[Message]:
        """All that was said before this call over the test's own connection, which the product under test shares."""
        self._mark.clear()
        await self._bus.publish(self._subject, b"")
        await asyncio.wait_for(self._mark.wait(), 5)
        return list(self)

    async def first(self, count: int = 1) -> list[Message]:
        """The first so many messages, once they have come."""
        await until(lambda: len(self) >= count)
        return self[:count]


@asynccontextmanager
async def hearing(bus: Bus, subject: str, kind: type[Message]) -> AsyncIterator[Heard[Message]]:
    """Listen to a subject; from the first line inside on, nothing is missed."""
    heard = Heard(bus, subject, kind)
    subscription = await bus.subscribe(subject, heard.take)
    await bus.settled()
    yield heard
    await subscription.stop()
