"""docs/protocol.md says what the code does: every message with its bytes, every bound and every close code."""

import re
from pathlib import Path

import pytest
from gururmm_wire.codec import encode
from gururmm_wire.v2.limits import Close
from samples import FROM_AGENT, FROM_SERVER

TEXT = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text(encoding="utf-8")
PACKED = re.sub(r"\s+", "", TEXT)


@pytest.mark.parametrize(("name", "message"), [*FROM_AGENT.items(), *FROM_SERVER.items()])
def test_every_message_is_there_with_its_bytes_and_fields(name: str, message: object) -> None:
    kind = type(message)
    assert encode(message).hex() in PACKED, name
    fields = ", ".join(f"`{field}`" for field in kind.__struct_fields__)
    assert f"| {kind.__struct_config__.tag} | `{kind.__name__}` | {fields} |" in TEXT


@pytest.mark.parametrize("name", [name for name in vars(Close) if name.isupper()])
def test_every_close_code_is_there(name: str) -> None:
    assert re.search(rf"^\| {getattr(Close, name)} {name} \|", TEXT, re.MULTILINE)
