"""Append-only files of checksummed records: what a crash tore off at the end is recognised and left out."""

import logging
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from gururmm_agent.files import open_owned

_log = logging.getLogger(__name__)
_HEADER: Final = struct.Struct("<II")
_MAX_RECORD: Final = 1024 * 1024
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder().decode


def pack_record(value: Any) -> bytes:
    """One record: length, CRC-32, MessagePack."""
    body = _encode(value)
    return _HEADER.pack(len(body), zlib.crc32(body)) + body


def read_records(path: Path) -> Iterator[Any]:
    """Every whole record in order. Stops, with a log line, at the first that is torn; a missing file has none."""
    for body in _bodies(path):
        yield _decode(body)


def _bodies(path: Path) -> Iterator[bytes]:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        while header := file.read(_HEADER.size):
            if len(header) < _HEADER.size:
                break
            length, checksum = _HEADER.unpack(header)
            body = file.read(length) if length <= _MAX_RECORD else b""
            if len(body) != length or zlib.crc32(body) != checksum:
                break
            yield body
        else:
            return
    _log.warning("%s ends in a torn record, which is left out", path.name)


class Appender:
    """One open append-only file. What could not be written whole is taken back, so the file stays readable."""

    def __init__(self, path: Path) -> None:
        self.size = sum(_HEADER.size + len(body) for body in _bodies(path))
        self._file = open_owned(path, "ab")
        if os.fstat(self._file.fileno()).st_size != self.size:
            self._file.truncate(self.size)

    def append(self, value: Any) -> None:
        """Write one record. Raises `OSError`, and the file is as before."""
        record = pack_record(value)
        try:
            written = self._file.write(record)
            if written != len(record):
                raise OSError(28, "the disk took only part of a record")
        except OSError:
            self._file.truncate(self.size)
            raise
        self.size += len(record)

    def sync(self) -> None:
        """Wait until everything appended is on the disk. Safe in another thread. Raises `OSError`."""
        os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()
