"""Orders: what agents do because the api or the worker signed it. Gateways and the bus carry them and can make none.

Owns core.order_keys and core.order_key_changes, and the secrets `order_key_<id>`. Signs (`signing`), keeps the chain
that leads an agent from one key to the next (`chain`, `rotation`), and writes down what agents refuse (`refusals`).
Refuses to know what an order is about: that is said by whoever has it signed.
"""

from typing import Final

from gururmm_server.core.component import Component
from gururmm_server.core.orders.events import EVENTS

COMPONENT: Final = Component(name="orders", tables=("order_key_changes", "order_keys"), events=EVENTS)
