"""A terminal's recording as asciicast v2 (https://docs.asciinema.org/manual/asciicast/v2/)."""

import codecs
from collections.abc import AsyncIterator, Awaitable, Callable

import msgspec

from gururmm_server.infra.database import Row

MEDIA_TYPE = "application/x-asciicast"

Pages = Callable[[int], Awaitable[list[Row]]]
"""Rows after a record id (record_id, at, kind, data); an empty page ends the recording."""


async def asciicast(session: Row, pages: Pages) -> AsyncIterator[bytes]:
    """One JSON line each: the header, then `[seconds, "o", text]` and `[seconds, "r", "80x24"]`.

    A character whose bytes lie in two rows comes out whole, with the later one.
    """
    begin = session["opened_at"].timestamp()
    header = {
        "version": 2,
        "width": session["columns"],
        "height": session["rows"],
        "timestamp": int(begin),
        "title": f"{session['hostname']}, opened by {session['opened_by']}",
    }
    yield msgspec.json.encode(header) + b"\n"
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    after, seconds = 0, 0.0
    while rows := await pages(after):
        for row in rows:
            seconds = max(seconds, round(row["at"] - begin, 6))
            text = decoder.decode(row["data"]) if row["kind"] == "o" else row["data"].decode()
            if text:
                yield _line(seconds, row["kind"], text)
        after = rows[-1]["record_id"]
    if rest := decoder.decode(b"", final=True):
        yield _line(seconds, "o", rest)


def _line(seconds: float, kind: str, text: str) -> bytes:
    return msgspec.json.encode([seconds, kind, text]) + b"\n"
