"""SQL stays behind the repositories: `python -m tools.lint.repositories packages/server/src` names what came out.

Above `infra`, only modules called `_repository` or `_…_repository` run statements or hold their text. Nothing leaves a
component's public functions as a bag of values: neither the driver's `Row` nor a `dict[str, Any]`, but a frozen struct
that says what is in it. (What dashboards are sent, `live.py`, is a dictionary by its nature.) And a statement that is
put together while the program runs numbers no value by hand: it is made of pieces of `infra.sql`.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools.lint.owned_tables import strings

_RUNS: Final = frozenset({"fetch", "fetchrow", "fetchval", "execute", "executemany"})
_SQL: Final = re.compile(r"(?<![\w.])core\.\w*|^\s*(select|insert into|update|delete from|with)\b", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\$[\d\0]")
_REPOSITORY: Final = re.compile(r"_(\w+_)?repository")
_BAGS: Final = re.compile(r"\bdict\[str, (typing\.)?Any\]|\b(\w+\.)*(Row|Record)\b")
_JSON: Final = "Parameters"
"""The alias of what is JSON in the database and on the wire too: a channel's parameters are its kind's own."""
_FREE: Final = frozenset({"live"})

Fault = tuple[int, str]


def faults(path: Path, base: Path) -> list[Fault]:
    """Returns (line, what is wrong) of one module in a tree of `gururmm_server`."""
    parts = path.relative_to(base).with_suffix("").parts
    if parts[0] == "migrations":
        return []
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = list(numbered(tree)) if parts[0] == "core" else []
    if parts[0] in {"core", "entrypoints", "bootstrap"} and not _REPOSITORY.fullmatch(parts[-1]):
        found += statements(tree, anybodys=parts[0] == "core")
    if parts[0] == "core" and len(parts) > 2 and parts[-1] not in _FREE:
        found += bags(tree)
    return sorted(set(found))


def statements(tree: ast.AST, *, anybodys: bool) -> Iterator[Fault]:
    """Yields what runs a statement, of a `tx` or of `anybodys`, and what looks like the text of one."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr=name, value=owner)) if name in _RUNS:
                if anybodys or (isinstance(owner, ast.Name) and owner.id == "tx"):
                    yield node.lineno, f"`{name}` runs a statement: that is a repository's work"
    for line, text in strings(tree):
        if _SQL.search(text) and ("core." in text or "\n" in text):
            yield line, "the text of a statement: that is a repository's"


def numbered(tree: ast.AST) -> Iterator[Fault]:
    """Yields what is put together inside a function and numbers a value."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        for node in ast.walk(function):
            match node:
                case ast.JoinedStr():
                    pieces = [str(v.value) if isinstance(v, ast.Constant) else "\0" for v in node.values]
                    wrong = bool(_NUMBER.search("".join(pieces)))
                case ast.BinOp(op=ast.Add() | ast.Mod()):
                    wrong = any(_NUMBER.search(text) for _, text in strings(node))
                case ast.Call(func=ast.Attribute(attr="format", value=value)):
                    wrong = not isinstance(value, ast.Constant) or bool(_NUMBER.search(str(value.value)))
                case _:
                    continue
            if wrong:
                yield node.lineno, "a statement that is put together numbers a value by hand: use infra.sql"


def bags(tree: ast.Module) -> Iterator[Fault]:
    """Yields each public function that returns rows or dictionaries of anything."""
    aliases = {
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign) and _BAGS.search(ast.unparse(node.value))
        for target in node.targets
        if isinstance(target, ast.Name) and isinstance(node.value, ast.Subscript) and target.id != _JSON
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or node.returns is None:
            continue
        said = ast.unparse(node.returns)
        if not node.name.startswith("_") and (_BAGS.search(said) or set(re.findall(r"\w+", said)) & aliases):
            yield node.lineno, f"`{node.name}` returns {said}: give it a frozen struct"


def main(root: str) -> int:
    """Look through the server's source; 1 where something was found."""
    base = Path(root) / "gururmm_server"
    status = 0
    for path in sorted(base.rglob("*.py")):
        for line, what in faults(path, base):
            print(f"{path}:{line}: {what}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
