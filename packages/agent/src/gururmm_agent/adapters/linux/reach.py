"""Which paths can be looked at: a file system that is dead holds whoever touches it for ever."""

import os
from functools import partial
from typing import Final

from gururmm_agent.adapters.linux.mounts import mount_points
from gururmm_agent.adapters.patience import NoAnswer, Patience

_patience: Final = Patience()


def reach(path: str) -> None:
    """Raises `OSError` where the file system that holds the path does not answer."""
    whole = os.path.abspath(path).rstrip("/") + "/"  # noqa: PTH100 - links are not followed: they may lead to a dead one
    points = [point for point in mount_points() if whole.startswith(point.rstrip("/") + "/")]
    point = max(points, key=len, default="/")
    try:
        _patience.ask(point, partial(os.statvfs, point))
    except NoAnswer as error:
        raise OSError(f"the file system at {point} does not answer") from error
