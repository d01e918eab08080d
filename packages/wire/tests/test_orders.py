"""What is signed in an order: every part of it counts, and it is read back as it was written."""

import msgspec
import pytest
from generations import NEW
from gururmm_wire import codec, orders
from gururmm_wire.v2 import names
from gururmm_wire.v2.limits import MAX_MESSAGE_BYTES, SCRIPT_BYTES
from gururmm_wire.v2.server import CancelCommand, Order, ResultAck, RunCommand
from samples import FROM_SERVER, ID, KEY_ID, SIGNATURE

RUN = FROM_SERVER["run_command"]


def body(**changes: object) -> bytes:
    parts = {"addressee": ID, "order_id": ID, "message": RUN, "not_after": 5, "counter": 7}
    return orders.encode_body(**(parts | changes))  # type: ignore[arg-type]


def order(data: bytes) -> Order:
    return Order(KEY_ID, data, SIGNATURE)


def test_it_is_read_as_it_was_written() -> None:
    head, message = orders.read(order(body()))
    assert (head.addressee, head.id, head.kind, head.not_after, head.counter) == (ID, ID, "run_command", 5, 7)
    assert message == RUN


@pytest.mark.parametrize(
    "changed",
    [
        {"addressee": bytes(16)},
        {"order_id": bytes(16)},
        {"message": CancelCommand(ID)},
        {"not_after": 6},
        {"counter": 8},
    ],
)
def test_every_part_counts_in_what_is_signed(changed: dict[str, object]) -> None:
    assert orders.signed_bytes(body(**changed)) != orders.signed_bytes(body())


def test_what_is_signed_is_an_order_and_nothing_else() -> None:
    assert orders.signed_bytes(b"x") == b"gururmm order v1\0x"


def test_the_kinds_are_those_of_the_list() -> None:
    assert tuple(orders.KINDS) == names.ORDER_KINDS
    for kind, message in orders.KINDS.items():
        sample = next(each for each in FROM_SERVER.values() if type(each) is message)
        assert orders.kind_of(sample) == kind
        assert orders.read(order(body(message=sample)))[1] == sample
    assert orders.kind_of(ResultAck(ID)) is None


@pytest.mark.parametrize("message", [b"", b"\xc1", codec.encode(CancelCommand(ID)), msgspec.msgpack.encode([999])])
def test_a_body_whose_message_is_no_such_thing_is_malformed(message: bytes) -> None:
    torn = msgspec.msgpack.encode(orders.Body(ID, ID, "run_command", 5, 7, message))
    with pytest.raises(codec.MalformedMessage) as caught:
        orders.read(order(torn))
    assert not isinstance(caught.value, orders.UnknownKind | codec.UnknownMessage)


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\x90", b"\x92\x01\x02"])
def test_a_body_that_is_none_is_malformed(data: bytes) -> None:
    with pytest.raises(codec.MalformedMessage):
        orders.read(order(data))


def test_an_order_of_the_future_is_known_by_its_kind_and_read_past_its_new_fields() -> None:
    new = msgspec.msgpack.encode(orders.Body(ID, ID, NEW, 5, 7, b"anything"))
    with pytest.raises(orders.UnknownKind, match=NEW):
        orders.read(order(new))
    grown = msgspec.msgpack.encode([*msgspec.msgpack.decode(body()), {"a": "field"}])
    assert orders.read(order(grown))[1] == RUN


def test_the_longest_script_fits_in_an_order() -> None:
    run = RunCommand(ID, "python3", "ü" * (SCRIPT_BYTES // 2), 86_400)
    assert len(codec.encode(order(body(message=run)))) < MAX_MESSAGE_BYTES


def test_a_key_is_named_by_eight_bytes_of_its_own() -> None:
    assert len(orders.key_id(bytes(32))) == 8
    assert orders.key_id(bytes(32)) != orders.key_id(b"\1" + bytes(31))
