"""A query as a tree: frozen, and equal to every other one that says the same, wherever its words stand."""

import dataclasses
from dataclasses import dataclass
from typing import Literal, TypeAlias

Operator: TypeAlias = Literal["", "=", "<", "<=", ">", ">="]
"""Between a field and its value; the empty one means what people mean by writing nothing: contains, or is about."""


@dataclass(frozen=True, slots=True)
class Span:
    """A place in the text that was written, in characters."""

    start: int
    length: int


NOWHERE = Span(0, 0)
"""The place of what nobody wrote."""


@dataclass(frozen=True, slots=True)
class Operand:
    """A value as it was written, without its quotes."""

    text: str
    at: Span = dataclasses.field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Free:
    """Text without a field: a machine is known by it."""

    text: str
    at: Span = dataclasses.field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True)
class Term:
    """`field:value`, with an operator; up to `upto`, where it is a range.

    `name` is what stands before the operator in `software:chrome<120`.
    """

    field: str
    operator: Operator
    value: Operand
    upto: Operand | None = None
    name: Operand | None = None
    at: Span = dataclasses.field(default=NOWHERE, compare=False)
    """The field's name and its colon."""


@dataclass(frozen=True, slots=True)
class Not:
    """What does not fulfil it."""

    of: "Node"


@dataclass(frozen=True, slots=True)
class All:
    """What fulfils each of them."""

    of: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Any:
    """What fulfils one of them."""

    of: tuple["Node", ...]


Node: TypeAlias = Free | Term | Not | All | Any


def all_of(nodes: list[Node]) -> Node:
    """Returns them joined by `and`; what was joined so already is part of it."""
    flat = [each for node in nodes for each in (node.of if isinstance(node, All) else (node,))]
    return flat[0] if len(flat) == 1 else All(tuple(flat))


def any_of(nodes: list[Node]) -> Node:
    """Returns them joined by `or`; what was joined so already is part of it."""
    flat = [each for node in nodes for each in (node.of if isinstance(node, Any) else (node,))]
    return flat[0] if len(flat) == 1 else Any(tuple(flat))
