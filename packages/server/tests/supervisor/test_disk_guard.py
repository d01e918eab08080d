"""The guard's decisions, by figures."""

from pathlib import Path

import pytest
from gururmm_server.entrypoints.supervisor.disk_guard import DiskGuard
from gururmm_server.infra.embedded.data_dir import DataDir
from gururmm_server.infra.errors import StartError


class _Folder(DataDir):
    """A folder on a disk of which the test says how full it is."""

    free_mb = 1000.0

    def free_bytes(self) -> int:
        return int(self.free_mb * 1024 * 1024)


def test_it_switches_at_the_reserve_and_back_well_above_it(tmp_path: Path) -> None:
    folder = _Folder(tmp_path)
    switched: list[bool] = []
    said: list[str] = []
    guard = DiskGuard(folder, 100, switched.append, said.append)
    for free in (101, 99, 90, 101, 124):
        folder.free_mb = free
        guard.look()
    assert switched == [True]
    assert "99 MB left" in said[0]
    folder.free_mb = 126
    guard.look()
    assert switched == [True, False]
    assert "writing goes on" in said[1]


def test_a_start_needs_twice_the_reserve(tmp_path: Path) -> None:
    folder = _Folder(tmp_path)
    guard = DiskGuard(folder, 100, lambda _: None, lambda _: None)
    folder.free_mb = 200
    guard.require_room()
    folder.free_mb = 199
    with pytest.raises(StartError, match=r"has 199 MB free and 200 MB are needed to start: free some space"):
        guard.require_room()


def test_the_ballast_goes_when_nothing_is_left_and_comes_back(tmp_path: Path) -> None:
    folder = _Folder(tmp_path)
    guard = DiskGuard(folder, 10, lambda _: None, lambda _: None)
    guard.look()
    assert folder.ballast_bytes() == 5 * 1024 * 1024, "half of the reserve"
    folder.free_mb = 5.5
    guard.look()
    assert not guard.full, "the ballast is room, too"
    folder.free_mb = 4.9
    guard.look()
    assert guard.full
    assert folder.ballast_bytes() == 0
    folder.free_mb = 12.4
    guard.look()
    assert guard.full
    folder.free_mb = 12.6
    guard.look()
    assert (guard.full, folder.ballast_bytes()) == (False, 5 * 1024 * 1024)
