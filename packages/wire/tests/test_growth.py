"""The wire can grow: nothing in it is closed, and what each capability means is written down with its day."""

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from generations import NEW, Future, Past, newest, open_names, parts
from gururmm_wire import capabilities, codec
from gururmm_wire.capabilities import CAPABILITIES
from gururmm_wire.v2 import agent, names, server
from gururmm_wire.v2.agent import Message, Metrics
from gururmm_wire.v2.server import Settings, SettingsPush, Welcome
from msgspec import inspect
from samples import FROM_AGENT, FROM_SERVER

MESSAGES = [*get_args(agent.AgentMessage), *get_args(server.ServerMessage)]
SOURCE = Path(capabilities.__file__).parent
SAMPLES = [("agent", m) for m in FROM_AGENT.values()] + [("server", m) for m in FROM_SERVER.values()]


def decoded(side: str, data: bytes) -> Message:
    return codec.decode_from_agent(data) if side == "agent" else codec.decode_from_server(data)


@pytest.mark.parametrize("kind", MESSAGES)
def test_nothing_in_a_message_is_closed(kind: type[Message]) -> None:
    """A literal, an enumeration or an array of fixed length in a released message can never take anything new."""
    closed = (inspect.LiteralType, inspect.EnumType, inspect.TupleType)
    for info in parts(kind):
        assert not isinstance(info, closed)
        assert not isinstance(info, inspect.StructType) or (info.array_like and not info.forbid_unknown_fields)


@pytest.mark.parametrize(("side", "sample"), SAMPLES)
def test_fields_of_the_future_are_passed_over_and_those_the_past_lacks_have_their_defaults(
    side: str, sample: Message
) -> None:
    assert decoded(side, Future(side).encode(sample)) == sample
    if type(sample) is newest(side):
        return
    old = decoded(side, Past(side).encode(sample))
    last = type(sample).__struct_fields__[-1]
    for field in type(sample).__struct_fields__:
        value = getattr(sample, field)
        if field != last and not isinstance(value, list | msgspec.Struct):
            assert getattr(old, field) == value


def test_what_stands_inside_of_a_message_grows_and_shrinks_as_well() -> None:
    future = msgspec.msgpack.decode(Future("agent").encode(FROM_AGENT["metrics_backlog"]))
    (_tag, (first, *_), _new) = future
    disks = first[1 + Metrics.__struct_fields__.index("disks")]
    assert len(disks[0]) == len(agent.FilesystemUse.__struct_fields__) + 1
    past = codec.decode_from_server(Past("server").encode(SettingsPush(Settings(3, 7, 8, 900, "DEBUG"))))
    assert past == SettingsPush(Settings(3, 7, 8, 900))


def test_the_tags_are_those_of_the_unions() -> None:
    for union, tags in ((agent.AgentMessage, codec.AGENT_TAGS), (server.ServerMessage, codec.SERVER_TAGS)):
        assert sorted(tags) == sorted(codec.tag_of(kind) for kind in get_args(union))
        assert len(tags) == len(get_args(union))
    for side, sample in SAMPLES:
        assert codec.tag_in(codec.encode(sample)) == codec.tag_of(type(sample)), side
    assert [codec.tag_in(data) for data in (b"", b"\x90", b"\x91\x00", b"\x92\x01", b"\xc1")] == [None] * 5


def test_every_name_out_of_a_list_is_met_with_one_of_the_future() -> None:
    """What the mixed fleet is tested with: no message that says such a name is left out."""
    said = {type(message) for side in ("agent", "server") for message in Future(side).unknown_names()}
    assert said == {kind for kind in MESSAGES if open_names(kind)} - {agent.Authenticate, Welcome}
    assert Future("agent").capabilities[-1] == NEW


@pytest.mark.parametrize("name", [name for name in vars(names) if isinstance(vars(names)[name], tuple)])
def test_no_name_stands_twice_in_a_list_and_each_fits_the_wire(name: str) -> None:
    listed = vars(names)[name]
    assert len(set(listed)) == len(listed)
    if isinstance(listed[0], str):
        assert msgspec.convert(list(listed), list[names.OpenName]) == list(listed)


def test_every_capability_is_described_once_in_the_order_of_its_day() -> None:
    described = [capability.name for capability in CAPABILITIES]
    assert len(set(described)) == len(described)
    assert [c.since for c in CAPABILITIES] == sorted(c.since for c in CAPABILITIES)
    for capability in CAPABILITIES:
        assert set(capability.said_by) <= {"agent", "server"}
        assert capability.said_by
        assert re.fullmatch(r"[A-Z].{20,}\.", capability.meaning)
        assert msgspec.convert(capability.name, names.OpenName)
    assert set(capabilities.said_by("agent")) | set(capabilities.said_by("server")) == set(described)


def test_both_sides_say_their_lists_whole_before_the_welcome() -> None:
    """At the bound of their number and with the longest names they still fit."""
    longest = ["x" * 40] * 64
    proof = msgspec.structs.replace(FROM_AGENT["authenticate"], capabilities=longest)
    assert len(codec.encode(proof)) < 4096
    assert codec.decode_authenticate(codec.encode(proof)) == proof
    with pytest.raises(codec.MalformedMessage):
        codec.decode_authenticate(codec.encode(msgspec.structs.replace(proof, capabilities=[*longest, "y"])))


def test_the_document_has_every_capability() -> None:
    text = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text(encoding="utf-8")
    for capability in CAPABILITIES:
        row = f"| `{capability.name}` | {capability.since} | {', '.join(capability.said_by)} | {capability.meaning} |"
        assert row in text
