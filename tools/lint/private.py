"""An import contract: a module whose name begins with an underscore is imported from its own folder only.

Linters know the convention between packages; this one also holds inside a package, where `core.agents._repository`
would otherwise be one import away from every other component. There is no skip marker: move the name, or ask the
component's service.
"""

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class PrivateContract(Contract):
    """Checks every module of the `roots` that has an underscore part."""

    type_name = "private"

    roots = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002  # the base's signature
        found = [
            (importer, module)
            for module in sorted(graph.modules)
            if (owner := _owner(module, self.roots)) is not None
            for importer in sorted(graph.find_modules_that_directly_import(module))
            if not (importer == owner or importer.startswith(f"{owner}."))
        ]
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, module in check.metadata["found"]:
            output.print_error(f"- {importer} imports {module}, which is private to {_owner(module, self.roots)}")


def _owner(module: str, roots: object) -> str | None:
    """The folder that a private module belongs to; None for a public module or one that is not ours."""
    parts = module.split(".")
    if parts[0] not in list(roots):  # type: ignore[call-overload]
        return None
    for index, part in enumerate(parts):
        if part.startswith("_") and not part.startswith("__"):
            return ".".join(parts[:index])
    return None
