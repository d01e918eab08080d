"""From a tree back to a query. `parse(printed(tree)) == tree`."""

from typing import Final

from gururmm_server.core.search.parsing import is_keyword, looks_like_field
from gururmm_server.core.search.tree import All, Any, Free, Node, Not, Operand, Term

_QUOTED_FREE: Final = frozenset('()"')
_QUOTED_VALUE: Final = frozenset('()"<>=')


def printed(node: Node) -> str:
    """Returns a query that says this."""
    match node:
        case Free(text):
            return _quoted(text) if _is_read_otherwise(text) else text
        case Term():
            return _term(node)
        case Not(of):
            return f"not {_inside(of, All, Any)}"
        case All(of):
            return " ".join(_inside(each, Any) for each in of)
        case Any(of):
            return " or ".join(map(printed, of))


def _term(term: Term) -> str:
    name = _value(term.name) if term.name else ""
    upto = f"..{_value(term.upto)}" if term.upto else ""
    return f"{term.field}:{name}{term.operator}{_value(term.value)}{upto}"


def _inside(node: Node, *weaker: type) -> str:
    return f"({printed(node)})" if isinstance(node, weaker) else printed(node)


def _is_read_otherwise(text: str) -> bool:
    return _splits(text, _QUOTED_FREE) or is_keyword(text) or looks_like_field(text)


def _value(operand: Operand) -> str:
    text = operand.text
    return _quoted(text) if not text or ".." in text or text.endswith(".") or _splits(text, _QUOTED_VALUE) else text


def _splits(text: str, special: frozenset[str]) -> bool:
    return any(character.isspace() or character in special for character in text)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
