"""The one outlet: what it says, in which order, and in pieces that the broker takes."""

from typing import Any
from uuid import UUID

import msgspec
from gururmm_server.core.agents.live import AgentRow
from gururmm_server.core.commands.live import OutputPiece
from gururmm_server.core.post import traffic
from gururmm_server.core.post.live import LiveBatch
from gururmm_server.core.post.service import Post
from gururmm_server.infra.ids import new_id
from gururmm_wire.codec import decode_from_server
from gururmm_wire.v2.limits import CHUNK_BYTES, Close
from gururmm_wire.v2.server import CancelCommand

BROKER_TAKES = 1024 * 1024
AGENT, TENANT, CLIENT = new_id(), new_id(), UUID(int=7)


class Sent(list[tuple[str, bytes]]):
    """What was handed to the broker."""

    async def publish(self, subject: str, payload: bytes) -> None:
        self.append((subject, payload))

    def batches(self) -> list[LiveBatch]:
        return [_decoded(payload, LiveBatch) for _, payload in self]


def _decoded(payload: bytes, kind: Any) -> Any:
    return msgspec.msgpack.decode(payload, type=kind)


async def test_a_machine_hears_everything_before_it_is_cut_off() -> None:
    sent = Sent()
    post = Post(sent.publish)
    first, second = CancelCommand(b"1" * 16), CancelCommand(b"2" * 16)
    await post.to_machine("g1", AGENT, first, second)
    await post.moved("g1", AGENT, CLIENT)
    await post.cut_off("g1", AGENT, Close.REVOKED)
    assert [subject.removeprefix("gateway.g1.") for subject, _ in sent] == ["deliver", "deliver", "moved", "kick"]
    delivered = [_decoded(payload, traffic.Deliver) for _, payload in sent[:2]]
    assert [order.agent_id for order in delivered] == [AGENT.bytes] * 2
    assert [decode_from_server(order.message) for order in delivered] == [first, second]
    assert _decoded(sent[2][1], traffic.AgentMoved) == traffic.AgentMoved(AGENT.bytes, CLIENT.bytes)
    assert _decoded(sent[3][1], traffic.Kick) == traffic.Kick(AGENT.bytes, Close.REVOKED)


async def test_nobody_is_told_of_a_machine_that_no_gateway_holds() -> None:
    sent = Sent()
    post = Post(sent.publish)
    await post.to_machine(None, AGENT, CancelCommand(b"1" * 16))
    await post.moved(None, AGENT, CLIENT)
    await post.cut_off(None, AGENT, Close.REVOKED)
    await post.to_dashboards(TENANT, [])
    assert sent == []


async def test_much_goes_out_in_pieces_that_the_broker_takes() -> None:
    sent = Sent()
    pieces = [OutputPiece(b"c" * 16, b"t" * 16, seq, 1, b"x" * CHUNK_BYTES) for seq in range(100)]
    rows = [AgentRow(number.to_bytes(16, "big"), b"t" * 16, True, True, 1.0, 2.0, 5, 6, 7) for number in range(10_000)]
    await Post(sent.publish).to_dashboards(TENANT, [*rows, *pieces])
    assert {subject for subject, _ in sent} == {f"live.{TENANT.hex}.said"}
    assert max(len(payload) for _, payload in sent) < BROKER_TAKES / 2
    assert len(sent) < 40
    assert [row for batch in sent.batches() for row in batch.of(AgentRow)] == rows
    assert [piece for batch in sent.batches() for piece in batch.of(OutputPiece)] == pieces
