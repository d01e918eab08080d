"""Objects that are written once and never changed: where they lie is one class, what is in them is the caller's."""

import asyncio
import os
import re
from pathlib import Path
from typing import Protocol

from gururmm_server.infra.errors import Conflict, NotFound, StorageFull

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*(/[a-z0-9][a-z0-9.-]*)*")


class ObjectExists(Conflict):
    """An object of that name is there already."""


class ObjectStore(Protocol):
    """A store that only grows. Names are small letters, digits, dots and dashes, in folders parted by slashes."""

    async def add(self, name: str, content: bytes) -> None:
        """Store an object for good, whole or not at all. Raises `ObjectExists`, and `StorageFull` where it cannot."""

    async def read(self, name: str) -> bytes:
        """Returns an object's content. Raises `NotFound`."""

    async def names(self, folder: str = "") -> list[str]:
        """Returns the names of the objects and folders right in a folder, sorted; none where there is no such one."""


class FolderStore:
    """A folder on this machine, or on one that is mounted. An object is on the disk when `add` returns."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def add(self, name: str, content: bytes) -> None:
        await asyncio.to_thread(self._add, self._path(name), content)

    async def read(self, name: str) -> bytes:
        path = self._path(name)
        try:
            return await asyncio.to_thread(path.read_bytes)
        except FileNotFoundError as error:
            raise NotFound(internal=name) from error

    async def names(self, folder: str = "") -> list[str]:
        path = self._path(folder) if folder else self._root
        try:
            entries = await asyncio.to_thread(os.listdir, path)
        except FileNotFoundError:
            return []
        return sorted(entry for entry in entries if _NAME.fullmatch(entry))

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of an object")
        return self._root / name

    def _add(self, path: Path, content: bytes) -> None:
        # Linked into its place, which fails where another is: two writers at once cannot both have it.
        unfinished = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            fd = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o440)
            try:
                with os.fdopen(fd, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                os.link(unfinished, path)
            finally:
                unfinished.unlink()
            _sync_folder(path.parent)
        except FileExistsError as error:
            raise ObjectExists(internal=str(path)) from error
        except OSError as error:
            raise StorageFull(internal=f"{path}: {error.strerror}") from error


def _sync_folder(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
