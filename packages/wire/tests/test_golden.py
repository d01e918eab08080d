"""Bytes that were once sent stay understood: golden files are only ever added."""

import hashlib
import re
from pathlib import Path

import msgspec
import pytest
from gururmm_wire import codec, hello, protocol
from gururmm_wire.v2 import agent, limits, server
from gururmm_wire.v2.agent import Message
from samples import FROM_AGENT, FROM_SERVER

GOLDEN = Path(__file__).parent / "golden"
SAMPLES = {f"agent_{name}": m for name, m in FROM_AGENT.items()} | {f"server_{n}": m for n, m in FROM_SERVER.items()}
NAMES = [line.split() for line in (GOLDEN / "SHA256SUMS").read_text().splitlines()]


def decode(name: str, data: bytes) -> Message:
    return (codec.decode_from_agent if name.startswith("agent_") else codec.decode_from_server)(data)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_message_has_the_bytes_it_always_had(name: str) -> None:
    data = (GOLDEN / "v2" / f"{name}.bin").read_bytes()
    assert codec.encode(SAMPLES[name]) == data
    assert decode(name, data) == SAMPLES[name]


def test_no_golden_file_was_edited_or_removed() -> None:
    """SHA256SUMS is append-only too; a pull request that changes a line of it breaks agents in the field."""
    for digest, path in NAMES:
        assert hashlib.sha256((GOLDEN / path).read_bytes()).hexdigest() == digest, path
    listed = {path for _, path in NAMES}
    there = {str(p.relative_to(GOLDEN)) for p in GOLDEN.rglob("*") if p.is_file()} - {"SHA256SUMS"}
    assert there == listed


def test_every_message_and_every_tag_has_a_sample() -> None:
    for union, samples in ((agent.AgentMessage, FROM_AGENT), (server.ServerMessage, FROM_SERVER)):
        members = set(union.__args__)
        assert {type(message) for message in samples.values()} == members
        tags = [member.__struct_config__.tag for member in members]
        assert sorted(tags) == list(range(1, len(tags) + 1))


def test_an_older_peer_may_leave_out_trailing_fields_with_defaults() -> None:
    parts = msgspec.msgpack.decode(codec.encode(FROM_AGENT["authenticate"]))
    old = codec.decode_from_agent(msgspec.msgpack.encode(parts[:5]))
    assert isinstance(old, agent.Authenticate)
    assert (old.os, old.arch) == ("", "")


def test_a_newer_peer_may_add_fields() -> None:
    for name, sample in SAMPLES.items():
        parts = msgspec.msgpack.decode(codec.encode(sample))
        assert decode(name, msgspec.msgpack.encode([*parts, "of the future"])) is not None


@pytest.mark.parametrize("path", sorted((GOLDEN / "hello").glob("*.json")), ids=lambda path: path.stem)
def test_every_hello_that_was_ever_sent_is_understood(path: Path) -> None:
    kind = hello.EnrolRequest if path.stem.startswith("enrol") else hello.HelloRequest
    msgspec.json.decode(path.read_bytes(), type=kind)


def test_the_history_of_versions_ends_with_the_latest() -> None:
    dated = re.findall(r"^- (\d+): \d{4}-\d{2}-\d{2}", protocol.__doc__ or "", re.MULTILINE)
    assert [int(number) for number in dated] == list(range(1, protocol.LATEST_PROTOCOL + 1))
    assert protocol.MIN_SUPPORTED_PROTOCOL <= protocol.LATEST_PROTOCOL


def test_close_codes_are_distinct() -> None:
    codes = [value for name, value in vars(limits.Close).items() if name.isupper()]
    assert len(set(codes)) == len(codes)


def test_the_inventory_hash_does_not_depend_on_order() -> None:
    assert codec.inventory_hash({"a": {"x": 1, "y": 2}, "b": 1}) == codec.inventory_hash(
        {"b": 1, "a": {"y": 2, "x": 1}}
    )
    assert codec.inventory_hash({"a": 1}).hex() == "510996f47e4967cc1ea81c1242cd27dd"
