"""Samples taken while there was no connection: on disk, bounded, oldest dropped first."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from gururmm_wire.v2.agent import Metrics
from gururmm_wire.v2.limits import METRICS_BACKLOG_ITEMS

from gururmm_agent.records import Appender, read_records

_log = logging.getLogger(__name__)

SPOOL_BYTES: Final = 4 * 1024 * 1024
BATCH_BYTES: Final = 128 * 1024
_encode: Final = msgspec.msgpack.Encoder().encode


class MetricsSpool:
    """Two files of half the bound each: when the newer is full the older is dropped."""

    def __init__(self, directory: Path, bound: int = SPOOL_BYTES) -> None:
        self._half = bound // 2
        self._old = directory / "older"
        self._new = directory / "newer"
        self._file: Appender | None = None
        self._complained = False

    def add(self, sample: Metrics) -> None:
        """Keep a sample. A full disk loses it, and is told to the log once."""
        try:
            if self._file is None:
                self._file = Appender(self._new)
            if self._file.size >= self._half:
                self._file.close()
                self._file = None
                self._new.replace(self._old)
                self._file = Appender(self._new)
            self._file.append(_encode(sample))
            self._complained = False
        except OSError as error:
            if not self._complained:
                _log.error("samples cannot be kept while there is no connection: %s", error)
                self._complained = True

    def batches(self) -> Iterator[list[Metrics]]:
        """All samples, oldest first, in batches that fit a message. The caller calls `clear` once they are sent."""
        batch: list[Metrics] = []
        size = 0
        for path in (self._old, self._new):
            for data in read_records(path):
                sample = _decode(data)
                if sample is None:
                    continue
                if batch and (size + len(data) > BATCH_BYTES or len(batch) >= METRICS_BACKLOG_ITEMS):
                    yield batch
                    batch, size = [], 0
                batch.append(sample)
                size += len(data)
        if batch:
            yield batch

    def is_empty(self) -> bool:
        """Whether nothing waits."""
        return not self._old.exists() and not self._new.exists()

    def clear(self) -> None:
        """Forget every sample."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self._old.unlink(missing_ok=True)
        self._new.unlink(missing_ok=True)


def _decode(data: Any) -> Metrics | None:
    try:
        return msgspec.msgpack.decode(data, type=Metrics)
    except (msgspec.MsgspecError, TypeError) as error:
        _log.warning("a kept sample is of another version and is left out: %s", error)
        return None
