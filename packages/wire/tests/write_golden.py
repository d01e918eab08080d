"""Writes golden files of samples that have none, lists them, and brings docs/protocol.md's tables and bytes up to date.

    .venv/bin/python packages/wire/tests/write_golden.py

While the list of a folder is not append-only yet, files that differ from their sample are written anew as well.
"""

import hashlib
import json
import re
import sys
from pathlib import Path
from typing import get_args

sys.path.insert(0, str(Path(__file__).parent))

from channel_vector import vector
from gururmm_wire.capabilities import CAPABILITIES
from gururmm_wire.codec import encode, tag_of
from gururmm_wire.v2.agent import AgentMessage, Message
from gururmm_wire.v2.server import ServerMessage
from links import CHALLENGE, Agent, accept
from samples import FROM_AGENT, FROM_SERVER

GOLDEN = Path(__file__).parent / "golden" / "v2"
LIST = GOLDEN / "SHA256SUMS"
HANDSHAKE = Path(__file__).parent / "golden" / "link" / "handshake.json"
DOCUMENT = Path(__file__).parents[3] / "docs" / "protocol.md"


def write_files() -> None:
    lines = LIST.read_text().splitlines()
    closed = lines and lines[0].startswith("# append-only since ")
    for side, samples in (("agent", FROM_AGENT), ("server", FROM_SERVER)):
        for name, message in samples.items():
            file, data = GOLDEN / f"{side}_{name}.bin", encode(message)
            if file.exists() and (closed or file.read_bytes() == data):
                continue
            file.write_bytes(data)
            lines = [line for line in lines if not line.endswith(f"  {file.name}")]
            lines.append(f"{hashlib.sha256(data).hexdigest()}  {file.name}")
            print("wrote", file.name)  # noqa: T201
    LIST.write_text("\n".join(lines) + "\n")


def write_handshake() -> None:
    """Make the golden handshake and the golden channel anew, of the same keys and random bytes."""
    listed = HANDSHAKE.with_name("SHA256SUMS")
    if listed.read_text().startswith("# append-only since "):
        return
    golden = json.loads(HANDSHAKE.read_text())
    agent = Agent()
    proof, server_seal = accept(agent)
    agent_seal = agent.handshake.finish(proof)
    wanted = set(golden["gives"]["sealed_up"])
    sealed = {str(n): (agent_seal.seal(b"up"), server_seal.seal(b"down")) for n in range(1 + max(map(int, wanted)))}
    golden["given"]["challenge"] = CHALLENGE.hex()
    golden["gives"] = {
        "authenticate_frame": agent.frame.hex(),
        "proof": proof.hex(),
        "sealed_up": {number: up.hex() for number, (up, _) in sealed.items() if number in wanted},
        "sealed_down": {number: down.hex() for number, (_, down) in sealed.items() if number in wanted},
    }
    HANDSHAKE.write_text(json.dumps(golden, indent=2) + "\n")
    channel = HANDSHAKE.with_name("channel.json")
    channel.write_text(json.dumps(vector(), indent=2) + "\n")
    sums = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in (HANDSHAKE, channel)]
    listed.write_text("".join(sums))


def write_document() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for heading, samples in (("From the agent.", FROM_AGENT), ("From the server.", FROM_SERVER)):
        bytes_of = "".join(_block(name, encode(message), type(message).__name__) for name, message in samples.items())
        text = _between(text, rf"^{re.escape(heading)}.*?^```\n", bytes_of, r"^```")
    for heading, union in (("## From agent to server", AgentMessage), ("## From server to agent", ServerMessage)):
        rows = "".join(map(_row, sorted(get_args(union), key=tag_of)))
        text = _between(text, rf"^{heading}\n\| tag [^\n]*\n\|[-|]*\n", rows, r"^\n")
    rows = "".join(f"| `{c.name}` | {c.since} | {', '.join(c.said_by)} | {c.meaning} |\n" for c in CAPABILITIES)
    text = _between(text, r"^\| capability [^\n]*\n\|[-|]*\n", rows, r"^\n")
    DOCUMENT.write_text(text, encoding="utf-8")


def _between(text: str, before: str, new: str, after: str) -> str:
    pattern = re.compile(f"({before}).*?({after})", re.MULTILINE | re.DOTALL)
    text, count = pattern.subn(lambda found: found[1] + new + found[2], text, count=1)
    assert count == 1, before
    return text


def _row(kind: type[Message]) -> str:
    fields = ", ".join(f"`{field}`" for field in kind.__struct_fields__)
    return f"| {tag_of(kind)} | `{kind.__name__}` | {fields} | {' '.join((kind.__doc__ or '').split())} |\n"


def _block(name: str, data: bytes, kind: str) -> str:
    digits = data.hex()
    rows = [f"  {digits[start : start + 110]}\n" for start in range(0, len(digits), 110)]
    return f"{kind} ({name}, {len(data)} bytes)\n" + "".join(rows)


if __name__ == "__main__":
    write_files()
    write_handshake()
    write_document()
