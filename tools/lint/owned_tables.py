"""Components own their tables: `python -m tools.lint.owned_tables packages/server/src` names whoever forgets it.

A component's SQL names its own tables, what it offers itself, and what another component *offers*: views and functions,
never another's table. So reading goes through a view that its owner promises, and writing through the owner's Python,
inside the caller's transaction. What a module imports and what its SQL reads are one graph, and that has no cycle: a
component that reads another's view depends on it as one does that calls it.

SQL is found in strings, f-strings and files `.sql`; docstrings are none, migrations are not looked at. A name that is
put into the text (`core.{table}`) cannot be checked and is refused.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

_NAMED: Final = re.compile(r"(?<![\w.])core\.(\w*)")
_IMPORTED: Final = re.compile(r"gururmm_server\.core\.(\w+)")
_HOLE: Final = "\0"
INFRA: Final = "infra"
_MIGRATES: Final = ("infra/schema.py",)
"""The hand that migrates: it fills what is new."""


@dataclass(slots=True)
class Owner:
    """A component, or infra: what is its own, and what of that others may name."""

    tables: frozenset[str] = frozenset()
    offers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Place:
    """A name of schema core in somebody's SQL; an empty one was put together."""

    path: Path
    line: int
    name: str


@dataclass(slots=True)
class Found:
    """What is wrong: in places, and round in circles."""

    places: list[tuple[Place, str]] = field(default_factory=list)
    cycles: list[tuple[str, ...]] = field(default_factory=list)


def check(base: Path) -> Found:
    """Looks through a tree of `gururmm_server`. Raises `ValueError` where two declare one name."""
    owners = dict(_owners(base))
    owner_of = _by_name(owners)
    leads: dict[str, set[str]] = {name: set() for name in owners}
    found = Found()
    for path in sorted([*base.rglob("*.py"), *base.rglob("*.sql")]):
        parts = path.relative_to(base).parts
        if parts[0] == "migrations" or path.relative_to(base).as_posix() in _MIGRATES:
            continue
        mine = parts[1] if parts[0] == "core" and len(parts) > 2 else parts[0]
        if parts[0] == "core" and path.suffix == ".py":
            leads.setdefault(mine, set()).update(_imports(path) - {mine})
        for place in _names(path):
            wrong = _wrong(place.name, mine, owners, owner_of)
            if wrong:
                found.places.append((place, wrong))
            elif owner_of[place.name] not in {mine, INFRA}:
                leads.setdefault(mine, set()).add(owner_of[place.name])
    found.cycles = list(cycles(leads))
    return found


def _wrong(name: str, mine: str, owners: dict[str, Owner], owner_of: dict[str, str]) -> str:
    """Says what is wrong about a name in the SQL of `mine`; nothing, in the most cases."""
    if not name:
        return "the name is put in: write it out, so that it can be checked"
    if name not in owner_of:
        return f"nobody owns core.{name}"
    theirs = owner_of[name]
    if theirs == mine or name in owners[theirs].offers:
        return ""
    return f"core.{name} is {theirs}'s: ask its Python, or what it offers ({_list(owners[theirs].offers)})"


def _list(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


def _owners(base: Path) -> Iterator[tuple[str, Owner]]:
    tables = base / "infra" / "tables.py"
    if tables.exists():
        values = {
            node.target.id: _literal(node.value)
            for node in ast.parse(tables.read_text(encoding="utf-8")).body
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value
        }
        yield INFRA, Owner(values.get("TABLES", frozenset()), values.get("OFFERS", frozenset()))
    for path in sorted((base / "core").glob("*/__init__.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Component":
                said = {keyword.arg: keyword.value for keyword in node.keywords}
                yield path.parent.name, Owner(_literal(said.get("tables")), _literal(said.get("offers")))


def _literal(node: ast.expr | None) -> frozenset[str]:
    return frozenset() if node is None else frozenset(ast.literal_eval(node))


def _by_name(owners: dict[str, Owner]) -> dict[str, str]:
    owner_of: dict[str, str] = {}
    for owner, declared in owners.items():
        for name in declared.tables | declared.offers:
            if name in owner_of:
                raise ValueError(f"core.{name} is declared by {owner_of[name]} and by {owner}")
            owner_of[name] = owner
    return owner_of


def _names(path: Path) -> Iterator[Place]:
    text = path.read_text(encoding="utf-8")
    pieces = [(1, text)] if path.suffix == ".sql" else strings(ast.parse(text))
    for line, piece in pieces:
        for match in _NAMED.finditer(piece):
            yield Place(path, line + piece.count("\n", 0, match.start()), match[1])


def strings(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yields each string but docstrings, with its line; what is put into one reads as a NUL."""
    inside: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant()):
                inside.add(id(node.value))
            case ast.JoinedStr(values=values):
                inside.update(id(value) for value in values)
                yield node.lineno, "".join(_said(value) for value in values)
            case ast.Constant(value=str(text)) if id(node) not in inside:
                yield node.lineno, text


def _said(node: ast.expr) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else _HOLE


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        found |= {match[1] for name in names if (match := _IMPORTED.match(name))}
    return found


def cycles(leads: dict[str, set[str]]) -> Iterator[tuple[str, ...]]:
    """Yields a way round for each component that leads back to itself and was not on one before."""
    seen: set[str] = set()
    for start in sorted(leads):
        way = _way(leads, start, start)
        if way and not seen & set(way):
            seen |= set(way)
            yield (start, *way)


def _way(leads: dict[str, set[str]], start: str, end: str) -> tuple[str, ...]:
    """Returns the shortest way from one component to another, without its first; empty where there is none."""
    ways: list[tuple[str, ...]] = [(name,) for name in sorted(leads.get(start, ()))]
    met: set[str] = set()
    for way in ways:
        if way[-1] == end:
            return way
        if way[-1] not in met:
            met.add(way[-1])
            ways += [(*way, name) for name in sorted(leads.get(way[-1], ()))]
    return ()


def main(root: str) -> int:
    """Look through the server's source; 1 where something was found."""
    found = check(Path(root) / "gururmm_server")
    for place, wrong in found.places:
        print(f"{place.path}:{place.line}: {wrong}")
    for way in found.cycles:
        print(f"These depend on each other, by imports or by what their SQL reads: {' → '.join(way)}")
    return 1 if found.places or found.cycles else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
