"""Watches the disk: near its end the database takes no more writes, so that reading goes on and nothing is torn."""

from collections.abc import Callable
from dataclasses import dataclass

from gururmm_server.infra.embedded.data_dir import DataDir
from gururmm_server.infra.errors import StartError

_MEGABYTE = 1024 * 1024


@dataclass
class DiskGuard:
    """Turns the database read-only below `reserve_mb` of free space, and back above 1¼ times that.

    `switch(True)` makes it read-only. `say` tells the operator. Between the two marks nothing changes, so that a disk
    which hovers at one of them does not flap.
    """

    data: DataDir
    reserve_mb: int
    switch: Callable[[bool], None]
    say: Callable[[str], None]
    full: bool = False

    def require_room(self) -> None:
        """Raise `StartError` unless there is room to start and to work for a while."""
        free_mb = self.data.free_bytes() // _MEGABYTE
        if free_mb < 2 * self.reserve_mb:
            raise StartError(
                f"The disk of {self.data.root} has {free_mb} MB free and {2 * self.reserve_mb} MB are needed to start: "
                "free some space, or choose another folder with --data."
            )

    def look(self) -> None:
        """Compare and act. Called every two seconds."""
        free_mb = self.data.free_bytes() / _MEGABYTE
        if not self.full and free_mb < self.reserve_mb:
            self.switch(True)
            self.full = True
            self.say(
                f"Disk nearly full: {free_mb:.0f} MB left of the {self.reserve_mb} MB reserve on {self.data.root}. "
                "Nothing is written until space is freed; reading works."
            )
        elif self.full and free_mb > 1.25 * self.reserve_mb:
            self.switch(False)
            self.full = False
            self.say(f"Disk has {free_mb:.0f} MB free again: writing goes on.")
