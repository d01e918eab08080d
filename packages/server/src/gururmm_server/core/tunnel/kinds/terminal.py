"""Kind `terminal`: a shell. Its recording is an asciicast v2 (https://docs.asciinema.org/manual/asciicast/v2/)."""

import codecs
import re
from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, Final

import msgspec
from gururmm_wire.v2.channels.terminal import KIND, RIGHT_INPUT, Cells, Size
from msgspec import Meta

from gururmm_server.core.tunnel.errors import BadParameters
from gururmm_server.core.tunnel.kind import Parameters, Recording, explain
from gururmm_server.core.tunnel.recording import LEFT_OUT, OUTPUT

_SIZE: Final = "r"
_MODE: Final = re.compile(rb"\x1b(?:\[\?([0-9;]{1,64})([hl])|([=>c]))")
_MODES: Final = frozenset((1, 7, 25, 47, 1000, 1002, 1003, 1004, 1005, 1006, 1015, 1047, 1049, 2004))
"""Private modes that outlast what is drawn: cursor keys, cursor, mouse, the other screen, marked pastes."""
_SET_AT_FIRST: Final = frozenset((7, 25))


class _Wanted(msgspec.Struct, frozen=True):
    """`gururmm_wire.v2.channels.terminal.Parameters`, as far as a technician may say them."""

    columns: Cells = 120
    rows: Cells = 32
    shell: Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9._/+-]*\Z")] = ""


class Terminal:
    """See `ChannelKind`."""

    name = KIND
    rights = (RIGHT_INPUT,)
    input_right = RIGHT_INPUT
    input_operation = "terminal.input"
    media_type = "application/x-asciicast"
    extension = "cast"

    def parameters(self, given: Mapping[str, Any]) -> Parameters:
        """See `ChannelKind`."""
        return _checked(given, _Wanted)

    def change(self, given: Mapping[str, Any]) -> Parameters:
        """See `ChannelKind`: another size of the window."""
        return _checked(given, Size)

    def note(self, change: Parameters) -> tuple[str, bytes] | None:
        """See `ChannelKind`."""
        return _SIZE, f"{change['columns']}x{change['rows']}".encode()

    def redraw(self, change: Parameters) -> list[Parameters]:
        """See `ChannelKind`: a full-screen program draws itself again when its window changes for a moment."""
        rows = change["rows"]
        return [change | {"rows": rows - 1 if rows > 1 else 2}, change]

    def history_skip(self, head: bytes) -> int:
        """See `ChannelKind`: up to the next line."""
        return head.find(b"\n") + 1

    def prelude(self, earlier: bytes) -> str:
        """See `ChannelKind`: the modes that a full-screen program has set, and will not set again."""
        modes: dict[int, bool] = {}
        keypad = False
        for numbers, which, single in _MODE.findall(earlier):
            if single == b"c":  # all is reset
                modes, keypad = {}, False
            elif single:
                keypad = single == b"="
            else:
                for number in (int(each) for each in numbers.split(b";") if each):
                    modes.pop(number, None)  # the last one counts, also in their order
                    modes[number] = which == b"h"
        said = [
            f"\x1b[?{number}{'h' if on else 'l'}"
            for number, on in modes.items()
            if number in _MODES and on != (number in _SET_AT_FIRST)
        ]
        return "".join(said) + ("\x1b=" if keypad else "")

    async def play(self, recorded: Recording) -> AsyncIterator[bytes]:
        """One JSON line each: the header, then `[seconds, "o", text]` and `[seconds, "r", "80x24"]`.

        A character whose bytes lie in two pieces comes out whole, with the later one.
        """
        begin = recorded.begin.timestamp()
        header = {
            "version": 2,
            "width": recorded.parameters["columns"],
            "height": recorded.parameters["rows"],
            "timestamp": int(begin),
            "title": recorded.title,
        }
        yield msgspec.json.encode(header) + b"\n"
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        seconds = 0.0
        async for piece in recorded.pieces:
            seconds = max(seconds, round(piece.at - begin, 6))
            if piece.kind == OUTPUT:
                text = decoder.decode(piece.data)
            elif piece.kind == LEFT_OUT:
                rest, decoder = decoder.decode(b"", final=True), codecs.getincrementaldecoder("utf-8")("replace")
                size = int.from_bytes(piece.data, "big")
                text = f"{rest}\r\n\x1b[0;7m {size:,} bytes of output were not recorded here. \x1b[0m\r\n"
            else:
                text = piece.data.decode()
            if text:
                yield _line(seconds, _SIZE if piece.kind == _SIZE else OUTPUT, text)
        if rest := decoder.decode(b"", final=True):
            yield _line(seconds, OUTPUT, rest)


def _checked(given: Mapping[str, Any], kind: type[msgspec.Struct]) -> Parameters:
    try:
        return msgspec.structs.asdict(msgspec.convert(given, kind))
    except msgspec.ValidationError as error:
        raise explain(BadParameters, error) from error


def _line(seconds: float, kind: str, text: str) -> bytes:
    return msgspec.json.encode([seconds, kind, text]) + b"\n"
