"""A wire to PostgreSQL that loses the answer to a commit: the worst moment for a connection to break."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit

_COMMIT = b"commit\0"


class Lossy:
    """Passes everything on. Once it is `armed`, the next commit reaches the server, and its answer nobody."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self.armed = False
        self.lost = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Connect one client to the server."""
        there, back = await asyncio.open_connection(self._host, self._port)
        answers = asyncio.create_task(_copy(there, writer))
        with suppress(OSError):
            while data := await reader.read(65536):
                if self.armed and _COMMIT in data:
                    self.armed = False
                    self.lost += 1
                    answers.cancel()
                    await asyncio.wait([answers])
                    back.write(data)
                    await there.read(1)  # it is done
                    break
                back.write(data)
                await back.drain()
        answers.cancel()
        for each in (writer, back):
            each.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.close()


@asynccontextmanager
async def lossy(url: str) -> AsyncIterator[tuple[Lossy, str]]:
    """A wire to the database of this URL, and the URL through it."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    wire = Lossy(parts.hostname, parts.port)
    server = await asyncio.start_server(wire.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    credentials = parts.netloc.rpartition("@")[0]
    yield wire, urlunsplit(parts._replace(netloc=f"{credentials}@127.0.0.1:{port}"))
    server.close()
