"""Which disks became read-only: one that was once written to, or is meant to be, is no image."""

import logging
from pathlib import Path

import msgspec
from gururmm_wire.v2.agent import FilesystemUse

from gururmm_agent.adapters.ports import Filesystem
from gururmm_agent.files import write_atomically
from gururmm_agent.printable import printable

_log = logging.getLogger(__name__)
_LABEL = 256


class DiskAccess:
    """Remembers, over restarts, which file systems could be written to."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "written"
        self._written: set[str] = self._load()

    def judged(self, found: list[Filesystem]) -> list[FilesystemUse]:
        """The file systems as they go over the wire. Writes a small file where one is new: for a thread."""
        known = set(self._written)
        self._written |= {_name(each) for each in found if each.access == "writable"}
        uses = [self._judge(each) for each in found]
        # What is no longer mounted is forgotten: a device's name may be another's next time.
        self._written &= {_name(each) for each in found}
        if self._written != known:
            self._store()
        return uses

    def _judge(self, found: Filesystem) -> FilesystemUse:
        access: str | None = None if found.access == "writable" else found.access
        if access == "read_only" and (found.meant_to_be_written or _name(found) in self._written):
            access = "became_read_only"
        reserved = max(0, found.total - found.used - found.available) // 512
        return FilesystemUse(printable(found.mount)[:_LABEL], found.used, found.total, reserved, access)

    def _load(self) -> set[str]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=set[str])
        except FileNotFoundError:
            return set()
        except (OSError, msgspec.MsgspecError) as error:
            _log.warning("which disks were written to is not known any more: %s", error)
            return set()

    def _store(self) -> None:
        try:
            write_atomically(self._path, msgspec.json.encode(sorted(self._written)))
        except OSError as error:
            _log.debug("which disks are written to is kept in memory only: %s", error)


def _name(found: Filesystem) -> str:
    return printable(f"{found.device} {found.mount}")
