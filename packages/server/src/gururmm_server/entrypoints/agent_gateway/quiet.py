"""The logger that the WebSocket library gets: what a stranger's bytes can cause is no line in our log."""

import logging
from typing import Any

from gururmm_server.infra.logging import get_logger

log = get_logger(__name__)


class QuietLogger(logging.LoggerAdapter[logging.Logger]):
    """Passes on what is our own fault, which the library logs with a stack trace, and nothing else."""

    def __init__(self) -> None:
        super().__init__(logging.getLogger("picows.server"), {})

    def isEnabledFor(self, level: int) -> bool:  # noqa: ARG002, N802
        return False

    def log(self, level: int, msg: object, *args: object, **kwargs: Any) -> None:
        if kwargs.get("exc_info"):
            log.error("websocket library", message=str(msg) % args, level=level, exc_info=True)  # noqa: LOG014 - called from its handler

    def info(self, msg: object, *args: object, **kwargs: Any) -> None:
        """Say nothing: this is said for every connection."""

    def debug(self, msg: object, *args: object, **kwargs: Any) -> None:
        """Say nothing: this is said for every frame."""
