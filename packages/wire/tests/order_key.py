"""An order key, and what its holder can do with it: for the tests of both sides."""

import os
import time
from typing import Any

from gururmm_wire import orders
from gururmm_wire.v2.agent import Message
from gururmm_wire.v2.server import KeyChange, Order, SettingsPush
from nacl.bindings import crypto_sign, crypto_sign_seed_keypair


class OrderKey:
    """Orders for one agent, unless something else is said."""

    def __init__(self, agent_id: bytes, tenant_id: bytes, seed: bytes = b"") -> None:
        self.agent_id = agent_id
        self.tenant_id = tenant_id
        self.public_key, self.secret = crypto_sign_seed_keypair(seed or os.urandom(32))

    @property
    def key_id(self) -> bytes:
        return orders.key_id(self.public_key)

    def another(self, seed: bytes = b"") -> "OrderKey":
        """Another key, for the same agent."""
        return OrderKey(self.agent_id, self.tenant_id, seed)

    def order(self, message: Message, **changes: Any) -> Order:
        """The message as an order, or one with something in it changed."""
        addressee = self.agent_id
        if isinstance(message, SettingsPush):
            addressee = self.tenant_id
        elif isinstance(message, KeyChange):
            addressee = orders.EVERY_AGENT
        order_id = getattr(message, "command_id", None) or os.urandom(16)
        parts = {"not_after": int(time.time()) + 600, "counter": time.time_ns()}
        whole = {"addressee": addressee, "order_id": order_id, "message": message} | parts | changes
        return self.sign(orders.encode_body(**whole))

    def sign(self, body: bytes) -> Order:
        """An order of these bytes, whatever they are."""
        return Order(self.key_id, body, crypto_sign(orders.signed_bytes(body), self.secret)[:64])
