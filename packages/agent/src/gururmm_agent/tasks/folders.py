"""How large the folders inside a folder are: bounded in time and count, never over links or into other file systems."""

import os
import time
from collections.abc import Collection
from typing import Any, Final

from gururmm_agent.printable import printable

TIME_S: Final = 20.0
MAX_FOLDERS: Final = 1000


def folder_sizes(path: str, mounts: Collection[str] = (), time_s: float = TIME_S) -> dict[str, Any]:
    """{"path", "items": [{"name", "bytes", "files"}] largest first, "truncated"}. Raises `OSError`.

    `bytes` is what the files take on disk; files of the folder itself are the item ".". Other file systems are not
    looked into, and those that are mounted at `mounts` not so much as touched: one of them may be dead.
    """
    until = time.monotonic() + time_s
    others = frozenset(mounts)
    device = os.stat(path).st_dev  # noqa: PTH116 - hundreds of thousands of files: plain calls throughout
    items: list[dict[str, Any]] = []
    own_bytes = own_files = 0
    truncated = False
    with os.scandir(os.path.realpath(path) if others else path) as entries:
        for entry in entries:
            if entry.path in others:
                items.append({"name": printable(entry.name), "bytes": 0, "files": 0})
            elif entry.is_dir(follow_symlinks=False):
                size, files, complete = _measure(entry.path, device, until, others)
                truncated = truncated or not complete
                items.append({"name": printable(entry.name), "bytes": size, "files": files})
            else:
                own_bytes += _size(entry)
                own_files += 1
    if own_files:
        items.append({"name": ".", "bytes": own_bytes, "files": own_files})
    items.sort(key=lambda item: -item["bytes"])
    return {"path": path, "items": items[:MAX_FOLDERS], "truncated": truncated or len(items) > MAX_FOLDERS}


def _measure(top: str, device: int, until: float, others: Collection[str]) -> tuple[int, int, bool]:
    """(bytes, files, whether everything was seen) below a folder, on its own file system."""
    size = files = 0
    complete = True
    waiting = [top]
    while waiting:
        if time.monotonic() > until:
            return size, files, False
        folder = waiting.pop()
        try:
            if os.lstat(folder).st_dev != device:
                continue
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.path in others:
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    else:
                        size += _size(entry)
                        files += 1
        except OSError:
            complete = False
    return size, files, complete


def _size(entry: "os.DirEntry[str]") -> int:
    """Bytes on disk; nothing for a file that has just gone."""
    try:
        stat = entry.stat(follow_symlinks=False)
    except OSError:
        return 0
    return getattr(stat, "st_blocks", 0) * 512 or stat.st_size
