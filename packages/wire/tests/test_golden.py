"""Bytes that were once sent stay understood: golden files are only ever added."""

import hashlib
import re
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from gururmm_wire import codec, hello, protocol
from gururmm_wire.v2 import agent, limits, server
from gururmm_wire.v2.agent import Message
from samples import FROM_AGENT, FROM_SERVER

GOLDEN = Path(__file__).parent / "golden"
SAMPLES = {f"agent_{name}": m for name, m in FROM_AGENT.items()} | {f"server_{n}": m for n, m in FROM_SERVER.items()}


def decode(name: str, data: bytes) -> Message:
    return (codec.decode_from_agent if name.startswith("agent_") else codec.decode_from_server)(data)


def golden(name: str) -> bytes:
    return (GOLDEN / "v2" / f"{name}.bin").read_bytes()


def begins_with(now: Any, before: Any) -> bool:
    """Whether all that was said before is still said, in its place; arrays may have grown at their ends."""
    if isinstance(before, list):
        return isinstance(now, list) and len(now) >= len(before) and all(map(begins_with, now, before))
    return bool(now == before)


@pytest.mark.parametrize("name", SAMPLES)
def test_bytes_that_were_once_sent_are_still_understood(name: str) -> None:
    assert decode(name, golden(name)) == SAMPLES[name]


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_sent_today_only_adds_to_what_was_sent(name: str) -> None:
    now, before = (msgspec.msgpack.decode(data) for data in (codec.encode(SAMPLES[name]), golden(name)))
    assert begins_with(now, before)


def test_every_message_has_a_golden_file_of_what_is_sent_today() -> None:
    """A message that grew gets another sample, and with it another file."""
    said = {
        (name.partition("_")[0], type(sample))
        for name, sample in SAMPLES.items()
        if codec.encode(sample) == golden(name)
    }
    assert said == {("agent", kind) for kind in get_args(agent.AgentMessage)} | {
        ("server", kind) for kind in get_args(server.ServerMessage)
    }


@pytest.mark.parametrize("folder", ["hello", "link", "v2"])
def test_no_golden_file_was_edited_or_removed(folder: str) -> None:
    """tools/lint/golden.py compares the list, too, with what it was."""
    lines = (GOLDEN / folder / "SHA256SUMS").read_text().splitlines()
    listed = {path: digest for digest, path in (line.split() for line in lines if not line.startswith("#"))}
    there = {file.name: file for file in (GOLDEN / folder).iterdir() if file.name != "SHA256SUMS"}
    assert listed == {name: hashlib.sha256(file.read_bytes()).hexdigest() for name, file in there.items()}


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
        assert decode(name, msgspec.msgpack.encode([*parts, "of the future"])) == sample


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
