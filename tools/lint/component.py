"""An import contract over every component, whatever its name: routes translate, services decide, repositories query.

Inside a component, by the names of its modules:

- `routes` are imported by the component's own `__init__` and by nobody else of core.
- `_repository` (and `_…_repository`) and the component's words (`schemas errors events permissions live`) lead to
  neither `routes`, `service` nor `jobs`, and words to no repository. What they import besides is plain data: it leads
  to no repository either.
"""

from collections.abc import Iterator

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

WORDS = frozenset({"schemas", "errors", "events", "permissions", "live"})
_ABOVE = frozenset({"routes", "service", "jobs"})


class ComponentContract(Contract):
    """Checks every folder under `ancestor`."""

    type_name = "component"

    ancestor = fields.StringField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002  # the base's signature
        found = [
            (importer, imported)
            for component in sorted(graph.find_children(str(self.ancestor)))
            for importer, imported in _wrong(graph, str(self.ancestor), component)
        ]
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported in check.metadata["found"]:
            output.print_error(f"- {importer} imports {imported}, which stands above it in the component")


def _wrong(graph: ImportGraph, ancestor: str, component: str) -> Iterator[tuple[str, str]]:
    """Yields each import of one component's modules that goes up."""
    for module in sorted(graph.find_descendants(component)):
        name = _name(component, module)
        for importer in sorted(graph.find_modules_that_directly_import(module)):
            if name == "routes" and importer.startswith(f"{ancestor}.") and importer != component:
                yield importer, module
        if name in WORDS or _is_repository(name):
            for imported in sorted(graph.find_modules_directly_imported_by(module)):
                if imported.startswith(f"{component}.") and _goes_up(graph, component, module, imported):
                    yield module, imported


def _goes_up(graph: ImportGraph, component: str, module: str, imported: str) -> bool:
    """Tells whether what a repository or a word imports leads to what stands above it."""
    query = _is_repository(_name(component, module))
    if query and _is_repository(_name(component, imported)):
        return False
    seen, ahead = {imported}, [imported]
    while ahead:
        each = ahead.pop()
        name = _name(component, each)
        if name in _ABOVE or _is_repository(name):
            return True
        following = {
            other for other in graph.find_modules_directly_imported_by(each) if other.startswith(f"{component}.")
        }
        ahead += following - seen
        seen |= following
    return False


def _name(component: str, module: str) -> str:
    """The name of a module's place right under its component."""
    return module.removeprefix(f"{component}.").partition(".")[0]


def _is_repository(name: str) -> bool:
    return name.startswith("_") and name.endswith("repository")
