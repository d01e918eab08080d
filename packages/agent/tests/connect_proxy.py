"""A proxy as a process of its own: CONNECT and nothing else, with a name and password if it is told one.

    python connect_proxy.py LOG NAME:PASSWORD [NAME=ADDRESS]

It alone knows the address of that name, as a proxy at the edge of a network does. Writes its port as the first line of
LOG, then a line for each request: what was asked, and its answer. Says when it is ready.
"""

import asyncio
import sys
from base64 import b64encode
from contextlib import suppress
from pathlib import Path
from typing import Final

_REFUSED: Final = b'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="p"\r\n\r\n'


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def _serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, log: Path, *, who: str, known: str
) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    request, allowed = head.split("\r\n")[0], not who or f"Basic {b64encode(who.encode()).decode()}" in head
    with log.open("a") as file:
        file.write(f"{request} {200 if allowed else 407}\n")
    method, target, _ = request.split()
    if not allowed or method != "CONNECT":
        writer.write(_REFUSED if not allowed else b"HTTP/1.1 405 Method Not Allowed\r\n\r\n")
        writer.close()
        return
    host, _, port = target.rpartition(":")
    name, _, address = known.partition("=")
    host = address if host == name else host
    try:
        there, here = await asyncio.open_connection(host.strip("[]"), int(port))
    except OSError:
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\n\r\n")
        writer.close()
        return
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await asyncio.gather(_pass_on(reader, here), _pass_on(there, writer))


async def _main(log: Path, who: str, known: str = "") -> None:
    server = await asyncio.start_server(
        lambda reader, writer: _serve(reader, writer, log, who=who, known=known), "127.0.0.1", 0
    )
    log.write_text(f"{server.sockets[0].getsockname()[1]}\n")
    print("ready", flush=True)  # noqa: T201 - to whoever waits for it
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), *sys.argv[2:]))
