"""The order key, in the hands of those who may say what agents do: the api and the worker."""

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self
from uuid import UUID

from gururmm_wire import orders
from gururmm_wire.codec import encode
from gururmm_wire.v2.agent import Message
from gururmm_wire.v2.server import Order
from nacl.bindings import crypto_sign, crypto_sign_BYTES, crypto_sign_seed_keypair

from gururmm_server.core.component import House
from gururmm_server.core.orders import _repository as repository
from gururmm_server.infra.database import Transaction
from gururmm_server.infra.errors import GuruError, StartError
from gururmm_server.infra.logging import get_logger

log = get_logger(__name__)

REFRESH_S: Final = 30.0
"""How often the key is read again. A new one begins to sign long after every gateway has told its agents of it."""
_AT_ONCE: Final = 16
"""So many orders are signed where they are asked for, about a millisecond's work; more in a thread."""


@dataclass(frozen=True, slots=True)
class OrderKey:
    """A key that signs orders."""

    key_id: bytes
    public_key: bytes
    secret: bytes

    @classmethod
    def of_seed(cls, seed: bytes) -> "OrderKey":
        """Returns the key of a seed of 32 bytes."""
        public_key, secret = crypto_sign_seed_keypair(seed)
        return cls(orders.key_id(public_key), public_key, secret)

    def sign(self, body: bytes) -> bytes:
        """Returns the encoded `Order` around a body."""
        signature = crypto_sign(orders.signed_bytes(body), self.secret)[:crypto_sign_BYTES]
        return encode(Order(self.key_id, body, signature))


@dataclass(frozen=True, slots=True)
class Wanted:
    """Something that one addressee is to do until then: an agent, or (settings) all of a Partner's."""

    message: Message
    addressee: UUID
    order_id: UUID
    until: datetime

    def body(self, counter: int) -> bytes:
        """Returns what is signed."""
        until = math.ceil(self.until.timestamp())
        return orders.encode_body(
            self.addressee.bytes, self.order_id.bytes, self.message, not_after=until, counter=counter
        )


@dataclass(frozen=True, slots=True)
class KeyScope:
    """The scope in which this kind of process reads the key; a gateway has none."""

    open: Callable[[], AbstractAsyncContextManager[Transaction]]


class OrderSigner:
    """Signs with the newest key that signs already. `open` comes first; `scope` is one that may read the key."""

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's signer. Raises `LookupError` in a process that is not to sign."""
        signer = cls(house.given(KeyScope).open)
        house.at_start(signer.open)
        house.at_end(signer.close)
        return signer

    def __init__(self, scope: Callable[[], AbstractAsyncContextManager[Transaction]]) -> None:
        self._scope = scope
        self._key: OrderKey | None = None
        self._counter = 0
        self._task: asyncio.Task[None] | None = None

    @property
    def key(self) -> OrderKey:
        """Returns the key that signs now."""
        assert self._key is not None, "OrderSigner.open() comes first"
        return self._key

    async def open(self) -> None:
        """Read the key, and go on following its rotation. Raises `StartError` where there is none."""
        await self.refresh()
        if self._key is None:
            raise StartError("The database has no order key: run `gururmm migrate --database-url …` once.")
        self._task = asyncio.create_task(self._follow(), name="order key")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def refresh(self) -> None:
        """Read which key signs now."""
        async with self._scope() as tx:
            row = await repository.signing_key(tx)
        if row is not None and row.seed is not None and (self._key is None or row.key_id != self._key.key_id):
            self._key = OrderKey.of_seed(row.seed)
            log.info("orders are signed by another key", key_id=self._key.key_id.hex())

    def sign(self, wanted: Wanted) -> bytes:
        """Returns the encoded `Order`: what is kept, delivered and delivered again is these bytes."""
        return self.key.sign(wanted.body(self._next_counter()))

    async def sign_all(self, wanted: Sequence[Wanted]) -> list[bytes]:
        """Returns an order for each, without keeping the loop from its other work."""
        if len(wanted) <= _AT_ONCE:
            return [self.sign(each) for each in wanted]
        key, counters = self.key, [self._next_counter() for _ in wanted]
        return await asyncio.to_thread(
            lambda: [key.sign(each.body(counter)) for each, counter in zip(wanted, counters, strict=True)]
        )

    def counter(self) -> int:
        """Returns a counter between those of all orders that were signed and of those that will be."""
        return self._next_counter()

    def _next_counter(self) -> int:
        """Returns the clock in nanoseconds, and always more than before.

        A number kept in the database would fall back with a restored backup, and every agent would refuse everything.
        """
        self._counter = max(self._counter + 1, time.time_ns())
        return self._counter

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_S)
            try:
                await self.refresh()
            except GuruError as error:
                log.warning("the order key was not read, keeping the one known", error=str(error))
