"""What concerns a machine or a dashboard leaves through `core/post`.

`python -m tools.lint.outlet packages/server/src` names whoever goes past.

Such a message is true only once its transaction is committed, has to fit the broker, and will have to be sealed and
signed: so it is put together in one place. Outside of `core/post` nobody makes an order or a live batch, or names a
subject on which they travel; and only `infra/outbox` wakes the relays, which it does by itself after each commit.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

_POST = "gururmm_server.core.post"
MADE_THERE = frozenset({"traffic.Deliver", "traffic.Kick", "traffic.AgentMoved", "live.LiveBatch"})
"""Messages that others may decode and never make."""
KNOWN_THERE = frozenset(
    {
        "traffic.gateway_deliver",
        "traffic.gateway_tunnel",
        "traffic.gateway_kick",
        "traffic.gateway_moved",
        "traffic.live",
        "traffic.live_of_machines",
        "live.encode",
    }
)
_WAKE = "gururmm_server.infra.outbox.OUTBOX_WAKE"
_SUBJECT = re.compile(r"(gateway|live)\.\S*|outbox\.wake")
_EXEMPT = ("core/post/", "infra/outbox.py", "infra/subjects.py")


def found(source: str) -> Iterator[tuple[int, str]]:
    """Yields the line of each thing that goes past the outlet, and what it is."""
    tree = ast.parse(source)
    names = dict(_imported(tree))
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str(text)) if _SUBJECT.fullmatch(text):
                yield node.lineno, f"the subject {text!r}"
            case ast.Call(func=function):
                name = _resolved(function, names)
                if name.removeprefix(f"{_POST}.") in MADE_THERE:
                    yield node.lineno, name.rpartition(".")[2]
                if name.endswith(".publish") and any(_resolved(value, names) == _WAKE for value in node.args):
                    yield node.lineno, "a wake for the outbox's relays"
            case ast.Attribute() | ast.Name():
                name = _resolved(node, names)
                if name.removeprefix(f"{_POST}.") in KNOWN_THERE:
                    yield node.lineno, name.removeprefix(f"{_POST}.")


def _imported(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yields each name that an import binds, with its whole name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                yield (alias.asname, alias.name) if alias.asname else (top, top)


def _resolved(node: ast.expr, names: dict[str, str]) -> str:
    """The whole name of what an expression names; as it stands where it is not imported."""
    match node:
        case ast.Name(id=name):
            return names.get(name, name)
        case ast.Attribute(value=value, attr=name):
            return f"{_resolved(value, names)}.{name}"
    return ""


def main(root: str) -> int:
    """Look through the server's source; 1 where something was found."""
    status = 0
    base = Path(root) / "gururmm_server"
    for path in sorted(base.rglob("*.py")):
        if not path.relative_to(base).as_posix().startswith(_EXEMPT):
            for line, what in found(path.read_text(encoding="utf-8")):
                print(f"{path}:{line}: {what}: only core/post says that to gateways and dashboards")
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
