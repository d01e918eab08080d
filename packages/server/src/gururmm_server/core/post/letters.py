"""Letters: what is told to a gateway about a machine, or to a Partner's dashboards, as subject and payload.

Nobody else puts these together (`tools/lint/outlet.py`). Services send them through `Post`; a gateway, which must not
wait for the broker, puts them into its uplink.
"""

from collections.abc import Iterable, Iterator
from typing import Final
from uuid import UUID

from gururmm_wire.codec import encode as encode_wire
from gururmm_wire.v2.agent import Message

from gururmm_server.core.component import LiveKind
from gururmm_server.core.post import live, traffic

Letter = tuple[str, bytes]
"""Subject and payload."""

BATCH_BYTES: Final = 256 * 1024
"""About what one live batch weighs at most: the broker takes a megabyte, and browsers share a line with others."""


def to_machine(gateway_id: str, agent_id: UUID, encoded: Iterable[bytes]) -> Iterator[Letter]:
    """Yields encoded wire messages for a machine. A gateway hands them on in this order."""
    subject = traffic.gateway_deliver(gateway_id)
    for message in encoded:
        yield subject, traffic.encode(traffic.Deliver(agent_id.bytes, message))


def by_tunnel(gateway_id: str, agent_id: UUID, message: Message) -> Letter:
    """Returns a wire message for a machine, by its connection for channels."""
    deliver = traffic.Deliver(agent_id.bytes, encode_wire(message))
    return traffic.gateway_tunnel(gateway_id), traffic.encode(deliver)


def cut_off(gateway_id: str, agent_id: UUID, code: int) -> Letter:
    """Returns the order to close a machine's connection."""
    return traffic.gateway_kick(gateway_id), traffic.encode(traffic.Kick(agent_id.bytes, code))


def moved(gateway_id: str, agent_id: UUID, client_id: UUID) -> Letter:
    """Returns the news that a machine is under another Client."""
    return traffic.gateway_moved(gateway_id), traffic.encode(traffic.AgentMoved(agent_id.bytes, client_id.bytes))


def to_dashboards(tenant_id: UUID, items: Iterable[LiveKind]) -> Iterator[Letter]:
    """Yields live batches, none of which is too large for the broker."""
    return _batches(traffic.live(tenant_id), items)


def of_machines(tenant_id: UUID, items: Iterable[LiveKind]) -> Iterator[Letter]:
    """Yields the same for a gateway, which is believed what machines do (`LiveKind.of_machines`)."""
    return _batches(traffic.live_of_machines(tenant_id), items)


def _batches(subject: str, items: Iterable[LiveKind]) -> Iterator[Letter]:
    batch: list[LiveKind] = []
    weight = 0
    for item in items:
        if weight > BATCH_BYTES:
            yield subject, live.encode(batch)
            batch, weight = [], 0
        batch.append(item)
        weight += item.weight()
    if batch:
        yield subject, live.encode(batch)
