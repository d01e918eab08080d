"""Writing files so that a crash at any instant leaves the old or the new content, never a mixture.

Files are opened as binary streams without a buffer: a bare `os.open` would mean text, and other line ends, on Windows.
"""

import os
from io import FileIO
from pathlib import Path


def write_atomically(path: Path, data: bytes) -> None:
    """Replace `path` by `data`, durable when this returns. Raises `OSError`; the old content then stands."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open_owned(temporary, "wb") as file:
            write_all(file, data)
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def memory_folder() -> Path:
    """A new folder for its owner alone that takes files while the disk takes none; in memory, where the system can."""
    import tempfile

    for place in ("/dev/shm", "/run"):  # noqa: S108 - a folder is made in it that nobody else can enter
        if os.access(place, os.W_OK | os.X_OK):
            try:
                return Path(tempfile.mkdtemp(prefix="gururmm-agent-", dir=place))
            except OSError:
                continue
    return Path(tempfile.mkdtemp(prefix="gururmm-agent-"))


def open_owned(path: Path, mode: str, *, permissions: int = 0o600) -> FileIO:
    """Returns the file, which only its owner can use if it is made now. Raises `OSError`."""
    return FileIO(path, mode, opener=lambda name, flags: os.open(name, flags, permissions))


def write_all(file: FileIO, data: bytes) -> None:
    """Write every byte. Raises `OSError`, with what was written before it left in place."""
    view = memoryview(data)
    while view:
        view = view[file.write(view) :]


def sync_directory(path: Path) -> None:
    """Make a rename or a new file in this directory durable, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
