"""Watches the disk: near its end the database takes no more writes, so that reading goes on and nothing is torn."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from gururmm_server.infra.embedded.data_dir import DataDir
from gururmm_server.infra.errors import StartError

_MEGABYTE = 1024 * 1024
_BALLAST_MB = 64


@dataclass
class DiskGuard:
    """Turns the database read-only below `reserve_mb` of room, and back above 1¼ times that.

    Room is what is free, and a ballast that occupies a part of the disk for the worst case: where whatever fills the
    disk leaves nothing at all, the ballast goes, and the few rows that reading needs have its place.
    `switch(True)` makes the database read-only. `say` tells the operator. Between the two marks nothing changes, so
    that a disk which hovers at one of them does not flap.
    """

    data: DataDir
    reserve_mb: int
    switch: Callable[[bool], None]
    say: Callable[[str], None]
    full: bool = False

    def require_room(self) -> None:
        """Raise `StartError` unless there is room to start and to work for a while."""
        room_mb = int(self._room_mb())
        if room_mb < 2 * self.reserve_mb:
            raise StartError(
                f"The disk of {self.data.root} has {room_mb} MB free and {2 * self.reserve_mb} MB are needed to start: "
                "free some space, or choose another folder with --data."
            )

    def look(self) -> None:
        """Compare and act. Called every two seconds."""
        room_mb = self._room_mb()
        if not self.full and room_mb < self.reserve_mb:
            self.switch(True)
            self.full = True
            self.say(
                f"Disk nearly full: {room_mb:.0f} MB left of the {self.reserve_mb} MB reserve on {self.data.root}. "
                "Nothing is written until space is freed; reading works."
            )
        elif self.full and room_mb > 1.25 * self.reserve_mb:
            self.switch(False)
            self.full = False
            self.say(f"Disk has {room_mb:.0f} MB free again: writing goes on.")
        if self.full and self.data.free_bytes() < self._ballast_bytes:
            self.data.drop_ballast()
        elif not self.full and room_mb > 1.25 * self.reserve_mb:
            with suppress(OSError):
                self.data.keep_ballast(self._ballast_bytes)

    @property
    def _ballast_bytes(self) -> int:
        return min(self.reserve_mb * _MEGABYTE // 2, _BALLAST_MB * _MEGABYTE)

    def _room_mb(self) -> float:
        return (self.data.free_bytes() + self.data.ballast_bytes()) / _MEGABYTE
