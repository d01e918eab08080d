"""Samples taken while there was no connection: on disk, bounded, oldest dropped first."""

import contextlib
import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from gururmm_wire.v2.agent import Metrics
from gururmm_wire.v2.limits import METRICS_BACKLOG_ITEMS

from gururmm_agent.clock import boot, since_boot
from gururmm_agent.records import Appender, read_records

_log = logging.getLogger(__name__)

SPOOL_BYTES: Final = 4 * 1024 * 1024
BATCH_BYTES: Final = 128 * 1024
_encode: Final = msgspec.msgpack.Encoder().encode


class MetricsSpool:
    """Two files of half the bound each: when the newer is full the older is dropped."""

    def __init__(self, directory: Path, bound: int = SPOOL_BYTES) -> None:
        self._boot = boot()
        self._half = bound // 2
        self._old = directory / "older"
        self._new = directory / "newer"
        self._file: Appender | None = None
        self._complained = False
        self._told = False
        """Nothing waits, though files that cannot be taken away are still there."""

    def add(self, sample: Metrics, taken: float | None = None) -> None:
        """Keep a sample, of now or of that moment since the boot. A full disk loses it, and is told to the log once."""
        try:
            if self._file is None:
                self._file = Appender(self._new)
            if self._file.size >= self._half:
                self._file.close()
                self._file = None
                self._new.replace(self._old)
                self._file = Appender(self._new)
            self._file.append((self._boot, since_boot() if taken is None else taken, _encode(sample)))
            self._complained = self._told = False
        except OSError as error:
            if not self._complained:
                _log.error("samples cannot be kept while there is no connection: %s", error)
                self._complained = True

    def batches(self, server_now: float) -> Iterator[list[Metrics]]:
        """All samples, oldest first, in batches that fit a message. The caller calls `clear` once they are sent.

        Their moments are the server's: those of this boot by the time that has passed since, whatever the clock said.
        """
        started = server_now - since_boot()
        batch: list[Metrics] = []
        size = 0
        for path in (self._old, self._new):
            for record in read_records(path):
                sample, data = self._read(record, started, server_now - time.time())
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
        return self._told or (not self._old.exists() and not self._new.exists())

    def close(self) -> None:
        """Let go of the file; what is in it stays."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def clear(self) -> None:
        """Forget every sample."""
        self.close()
        self._told = True
        for path in (self._old, self._new):
            with contextlib.suppress(OSError):  # read-only now
                path.unlink(missing_ok=True)

    def _read(self, record: Any, started: float, behind: float) -> tuple[Metrics | None, bytes]:
        """A record's sample, by the server's clock, and its bytes; None for one that is of another version."""
        try:
            of_boot, taken, data = record
        except (TypeError, ValueError):
            return None, b""
        sample = _decode(data)
        if sample is None:
            return None, b""
        at = float(sample.at)
        if of_boot == self._boot:
            at = started + taken
        elif sample.clock is None:
            at += behind  # nobody may have told the time then: the clock is taken to have been as wrong as it is now
        clock = sample.at if sample.clock is None else sample.clock
        return msgspec.structs.replace(sample, at=max(0, int(at)), clock=clock), data


def _decode(data: Any) -> Metrics | None:
    try:
        return msgspec.msgpack.decode(data, type=Metrics)
    except (msgspec.MsgspecError, TypeError) as error:
        _log.warning("a kept sample is of another version and is left out: %s", error)
        return None
