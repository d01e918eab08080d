"""Tests don't sleep: `python -m tools.lint.sleeps` names every sleep in a test that gives no reason.

A sleep hides what is waited for, is too short on a busy machine and too long on an idle one. Wait for an event, for a
mark behind the last message, or with `packages.server.tests.waiting`; inject a clock or an interval. Where time itself
is meant, the line says why: `# sleep: <reason>`. A sleep of nothing, which only lets others run, is free.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

_REASON = re.compile(r"#.*\bsleep: \S")


def is_test(path: Path) -> bool:
    """Whether a file is part of the tests that are looked at, by its folder."""
    return "tests" in path.parts


def found(source: str) -> Iterator[int]:
    """The lines of a test's source that sleep without a reason."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or _name(node.func) != "sleep" or _is_nothing(node):
            continue
        if not any(_REASON.search(line) for line in lines[node.lineno - 1 : node.end_lineno]):
            yield node.lineno


def _name(function: ast.expr) -> str:
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def _is_nothing(call: ast.Call) -> bool:
    return len(call.args) == 1 and isinstance(call.args[0], ast.Constant) and call.args[0].value == 0


def main(roots: list[str]) -> int:
    """Look through these folders; 1 where something was found."""
    status = 0
    for root in roots:
        for path in sorted(Path(root).rglob("*.py")):
            if is_test(path) and "node_modules" not in path.parts:
                for line in found(path.read_text(encoding="utf-8")):
                    print(f"{path}:{line}: a test sleeps: wait for what happens, or say why with `# sleep: …`")
                    status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
