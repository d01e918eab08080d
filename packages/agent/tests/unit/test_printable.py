"""Names that are no text."""

import os

import msgspec
import pytest
from gururmm_agent.printable import printable, printable_in


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("plain", "plain"),
        ("café 漢 😀", "café 漢 😀"),
        (os.fsdecode(b"caf\xe9"), "caf\\xe9"),
        (os.fsdecode("é".encode() + b"\xff"), "é\\xff"),
        ("half of a pair \ud83d", "half of a pair \\ud83d"),
        ("\udce9 and \ud83d", "\\udce9 and \\ud83d"),
    ],
)
def test_a_name_is_shown_with_what_is_no_text_escaped(name, shown):
    assert printable(name) == shown
    made = printable_in({name: [name, {"a": (name, 1, None, b"\xe9")}]})
    assert made == {shown: [shown, {"a": [shown, 1, None, b"\xe9"]}]}
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(made)) == made
