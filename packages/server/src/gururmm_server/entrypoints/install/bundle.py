"""The agent's files as the build left them."""

from dataclasses import dataclass
from pathlib import Path

ARCHIVE = "agent-linux-x86_64.tar.gz"


@dataclass(frozen=True, slots=True)
class AgentBundle:
    """An archive, its SHA-256 (hexadecimal) and the agent's version."""

    path: Path
    sha256: str
    version: str

    @classmethod
    def find(cls, folder: Path | None) -> "AgentBundle | None":
        """Returns the bundle in `folder`, read anew at every call; None where none was built."""
        if folder is None:
            return None
        path = folder / ARCHIVE
        try:
            sha256 = (folder / f"{ARCHIVE}.sha256").read_text(encoding="ascii").split()[0]
            version = (folder / f"{ARCHIVE}.version").read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return None
        return cls(path, sha256, version) if path.is_file() else None
