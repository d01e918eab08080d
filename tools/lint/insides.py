"""Tests stay outside: `python -m tools.lint.insides` names every underscored name that a test takes from elsewhere.

A test that reaches inside holds a shape that nobody promised: it breaks when the inside is rearranged, and it passes
when the way that users take is broken. Ask the public face; where a test needs a hold that users don't (a clock, a
limit, a folder), it is an argument with the real value as default.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

_OWN = frozenset(("self", "cls"))
_PUBLIC = frozenset(("_asdict", "_exit", "_fields", "_make", "_replace"))
"""Names of Python's own library that are public for all their underscore."""
_INSIDE = re.compile(r"_[^_]")
_PATH = re.compile(r"gururmm_\w+(\.\w+)*\._[^_]\w*(\.\w+)*")


def is_test(path: Path) -> bool:
    """Whether a file is part of the tests that are looked at, by its folder."""
    return "tests" in path.parts


def found(source: str) -> Iterator[tuple[int, str]]:
    """The lines of a test's source that name something's inside, and what they name."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Attribute(value=owner, attr=name) if _is_inside(name) and not _is_own(owner):
                yield node.lineno, f"{ast.unparse(owner)}.{name}"
            case ast.ImportFrom(module=module, names=names):
                yield from ((node.lineno, f"{module}.{each.name}") for each in names if _is_inside(each.name))
                if any(_is_inside(part) for part in (module or "").split(".")):
                    yield node.lineno, str(module)
            case ast.Import(names=names):
                for each in names:
                    if any(_is_inside(part) for part in each.name.split(".")):
                        yield node.lineno, each.name
            case ast.Constant(value=str(text)) if _PATH.fullmatch(text):
                yield node.lineno, text
            case ast.Call(func=ast.Name(id="getattr" | "setattr") | ast.Attribute(attr="setattr")):
                yield from ((node.lineno, name) for name in _named(node) if _is_inside(name))


def _named(call: ast.Call) -> list[str]:
    """The name that a call of getattr, setattr or monkeypatch.setattr takes, where it is written out."""
    return [each.value for each in call.args[1:2] if isinstance(each, ast.Constant) and isinstance(each.value, str)]


def _is_inside(name: str) -> bool:
    return _INSIDE.match(name) is not None and name not in _PUBLIC


def _is_own(owner: ast.expr) -> bool:
    """Whether it is the object's own inside: of `self`, of `cls`, or of what `super()` gives."""
    match owner:
        case ast.Name(id=name):
            return name in _OWN
        case ast.Call(func=ast.Name(id="super")):
            return True
    return False


def main(roots: list[str]) -> int:
    """Look through these folders; 1 where something was found."""
    status = 0
    for root in roots:
        for path in sorted(Path(root).rglob("*.py")):
            if is_test(path) and "node_modules" not in path.parts:
                for line, what in sorted(set(found(path.read_text(encoding="utf-8")))):
                    print(f"{path}:{line}: a test reaches inside: {what}")
                    status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
