"""For builds that have no terminals on their system."""

from gururmm_agent.adapters.ports import Terminal, Unsupported


class NoTerminals:
    """See `ports.Terminals`: every one is refused."""

    def open(self, *, shell: str, directory: str, columns: int, rows: int) -> Terminal:
        """Raise `Unsupported`."""
        del shell, directory, columns, rows
        raise Unsupported("this build has no terminals for this system")
