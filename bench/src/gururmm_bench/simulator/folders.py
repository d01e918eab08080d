"""How large the folders of a simulated machine are: every drive it names, as full as its readings say."""

import random
from typing import Any, Final

from gururmm_bench.simulator.folder_trees import FEW_FILES, SHARED_DRIVE, TREES, USUALLY_BELOW_GIB, Tree
from gururmm_bench.simulator.profile import GIB, Disk, Profile
from gururmm_bench.simulator.readings import disks

_IN_FOLDERS: Final = 0.985
"""The part of what is used that folders account for; the rest is the file system's own."""
_BLOCK: Final = 4096
_MIB: Final = 1024 * 1024
_FEW: Final = 0.004
_UNBOUNDED_GIB: Final = 1 << 30
_ONLY_FILES: Final = {".": 1}

Items = list[dict[str, Any]]


def folder_sizes(profile: Profile, path: str, at: float) -> dict[str, Any] | None:
    """{"path", "items", "truncated"} as the real agent measures them; None where there is no such folder.

    The items of a drive add up to what is used of it, those of a folder to what its own item said. As on a real
    machine, mount points inside a drive count for nothing in it.
    """
    found = _locate(profile, path)
    if found is None:
        return None
    disk, names = found
    tree = _tree(profile, disk)
    key = f"folders:{profile.machine_id}:{disk.mount}:"
    used = next(used for mount, used, _ in disks(profile, at) if mount == disk.mount)
    files = int((used / _MIB) ** 0.8 * random.Random(key).uniform(10, 25))
    folder, items = "", _inside(key, tree[""], int(used * _IN_FOLDERS), files)
    for name in names:
        item = next((item for item in items if _same(profile, item["name"], name)), None)
        if item is None:
            return None
        folder = f"{folder}/{item['name']}".lstrip("/")
        items = _inside(key + folder, tree.get(folder, _ONLY_FILES), item["bytes"], item["files"])
    return {"path": path, "items": items, "truncated": False}


def _locate(profile: Profile, path: str) -> tuple[Disk, list[str]] | None:
    """The drive that holds a path, and the folders from its root; nobody says yet that these exist."""
    if profile.os == "windows":
        parts = _parts(profile, path) or ["C:"]
    elif path.startswith("/"):
        parts = _parts(profile, path)
    else:
        return None
    for disk in sorted(profile.disks, key=lambda disk: -len(_parts(profile, disk.mount))):
        mount = _parts(profile, disk.mount)
        if len(parts) >= len(mount) and all(_same(profile, *pair) for pair in zip(mount, parts, strict=False)):
            return _through_firmlink(profile, disk, parts[len(mount) :])
    return None


def _through_firmlink(profile: Profile, disk: Disk, names: list[str]) -> tuple[Disk, list[str]]:
    """On macOS /Users and its like are the data volume's: the sealed one has only their names."""
    if profile.os == "macos" and disk.mount == "/" and names:
        data = next(other for other in profile.disks if other.mount != "/")
        if any(_same(profile, name, names[0]) for name in _tree(profile, data)[""]):
            return data, names
    return disk, names


def _parts(profile: Profile, path: str) -> list[str]:
    separated = path.replace("\\", "/") if profile.os == "windows" else path
    return [part for part in separated.split("/") if part not in ("", ".")]


def _same(profile: Profile, one: str, other: str) -> bool:
    return one == other if profile.os == "linux" else one.casefold() == other.casefold()


def _tree(profile: Profile, disk: Disk) -> Tree:
    """The drive's folders, with the name of who uses the machine."""
    shared = profile.kind == "SRV" and disk.mount == "D:\\"
    tree = SHARED_DRIVE if shared else TREES[profile.os][disk.mount]
    user = profile.user or ("Administrator" if profile.os == "windows" else "admin")
    return {
        folder.replace("USER", user): {name.replace("USER", user): weight for name, weight in inside.items()}
        for folder, inside in tree.items()
    }


def _inside(key: str, average: dict[str, int], size: int, files: int) -> Items:
    """The items of one folder, largest first: the key decides how far they are from the average."""
    rng = random.Random(key)
    one_gib = sum(average.values()) * GIB / max(size, 1)
    weights = {
        name: min(weight, USUALLY_BELOW_GIB.get(name, _UNBOUNDED_GIB) * one_gib) * rng.uniform(0.5, 1.5)
        for name, weight in average.items()
    }
    counts = {
        name: weight * rng.uniform(0.5, 1.5) * (_FEW if name in FEW_FILES else 1) for name, weight in weights.items()
    }
    whole, count = sum(weights.values()) or 1, sum(counts.values()) or 1
    items: Items = [
        {
            "name": name,
            "bytes": int(size * weight / whole) // _BLOCK * _BLOCK,
            "files": int(files * counts[name] / count) or int(weight > 0),
        }
        for name, weight in weights.items()
    ]
    items.sort(key=lambda item: -item["bytes"])
    return [item for item in items if item["name"] != "." or item["bytes"]]
