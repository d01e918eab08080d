"""WebSocket frames of an agent into messages, with every bound enforced as early as the bytes allow.

A connection keeps nothing here between messages but a few numbers: bytes are read into one buffer that all
connections share, and only an unfinished frame is kept aside. (A reader that owns its buffer keeps the size of the
largest frame it ever saw: a quarter of a megabyte for every machine that once sent its list of software.)
"""

from typing import Final

from gururmm_wire.v2.limits import MAX_FRAGMENTS, MAX_UNAUTHENTICATED_BYTES, Close
from websockets.speedups import apply_mask

BINARY: Final = 2
CLOSE: Final = 8
PING: Final = 9
PONG: Final = 10

PROTOCOL_ERROR: Final = 1002
UNSUPPORTED_DATA: Final = 1003

_CONTINUATION: Final = 0
_TEXT: Final = 1


class FrameRefused(Exception):
    """The peer broke the framing or a bound: `code` is the close code that says which."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class FrameReader:
    """Feeds on what the socket gives, in pieces of any size; gives whole messages and control frames."""

    __slots__ = ("_fragments", "_gathered", "_need", "_tail", "limit")

    def __init__(self) -> None:
        self.limit = MAX_UNAUTHENTICATED_BYTES
        """The longest message, fragments together, in bytes."""
        self._tail: bytearray | None = None
        self._need = 0
        self._fragments: list[bytes] | None = None
        self._gathered = 0

    def feed(self, piece: memoryview) -> list[tuple[int, bytes]]:
        """Returns what became complete, each (BINARY, CLOSE, PING or PONG; payload). Raises `FrameRefused`."""
        data: memoryview | bytearray = piece
        if self._tail is not None:
            self._tail += piece
            if len(self._tail) < self._need:
                return []
            data, self._tail = self._tail, None
        complete: list[tuple[int, bytes]] = []
        start, end = 0, len(data)
        while start < end:
            head, size = self._header(data, start, end)
            stop = start + head + size
            if stop > end:
                self._tail = bytearray(data[start:end])
                self._need = head + size
                break
            first = data[start]
            payload = apply_mask(data[start + head : stop], bytes(data[start + head - 4 : start + head]))
            start = stop
            self._take(first & 15, bool(first & 0x80), payload, complete)
        return complete

    def _header(self, data: memoryview | bytearray, start: int, end: int) -> tuple[int, int]:
        """Returns the sizes of header and payload; of an incomplete header, what it takes to see it."""
        left = end - start
        if left < 2:
            return 2, 0
        first, second = data[start], data[start + 1]
        if first & 0x70 or not second & 0x80:
            raise FrameRefused(PROTOCOL_ERROR, "reserved bits or no mask")
        size, head = second & 0x7F, 6
        if size >= 126:
            width = 2 if size == 126 else 8
            if left < 2 + width:
                return 2 + width, 0
            size = int.from_bytes(data[start + 2 : start + 2 + width], "big")
            if size < (126 if width == 2 else 65536):
                raise FrameRefused(PROTOCOL_ERROR, "length not in its shortest form")
            head = 6 + width
        self._check(first & 15, bool(first & 0x80), size)
        return head, size

    def _check(self, opcode: int, final: bool, size: int) -> None:
        if opcode >= CLOSE:
            if opcode > PONG or not final or size > 125:
                raise FrameRefused(PROTOCOL_ERROR, "malformed control frame")
            return
        if opcode == _TEXT:
            raise FrameRefused(UNSUPPORTED_DATA, "text frames are not spoken here")
        if opcode != (BINARY if self._fragments is None else _CONTINUATION):
            raise FrameRefused(PROTOCOL_ERROR, "frame out of order")
        if self._gathered + size > self.limit:
            raise FrameRefused(Close.TOO_LARGE, f"a message may have {self.limit} bytes")
        if self._fragments is not None and len(self._fragments) >= MAX_FRAGMENTS:
            raise FrameRefused(Close.TOO_LARGE, f"a message may have {MAX_FRAGMENTS} fragments")

    def _take(self, opcode: int, final: bool, payload: bytes, complete: list[tuple[int, bytes]]) -> None:
        if opcode >= CLOSE:
            complete.append((opcode, payload))
            return
        if final and self._fragments is None:
            complete.append((BINARY, payload))
            return
        if self._fragments is None:
            self._fragments = []
        self._fragments.append(payload)
        self._gathered += len(payload)
        if final:
            complete.append((BINARY, b"".join(self._fragments)))
            self._fragments, self._gathered = None, 0


def frame(payload: bytes, opcode: int = BINARY) -> bytes:
    """Returns one whole frame from server to agent."""
    size = len(payload)
    if size < 126:
        return bytes((0x80 | opcode, size)) + payload
    if size < 65536:
        return bytes((0x80 | opcode, 126)) + size.to_bytes(2, "big") + payload
    return bytes((0x80 | opcode, 127)) + size.to_bytes(8, "big") + payload


def close_frame(code: int, reason: str) -> bytes:
    """Returns a close frame with its reason, cut to what a control frame holds."""
    return frame(code.to_bytes(2, "big") + reason.encode()[:120].decode(errors="ignore").encode(), CLOSE)
