"""/healthz, /readyz and /metrics for a process that has no API of its own."""

import asyncio
import json

from gururmm_server.infra.given import cannot_listen
from gururmm_server.infra.metrics import MetricsReaders, Ready, exposition


class HealthServer:
    """A tiny HTTP/1.1 responder: three GET paths, one request a connection, nothing else."""

    def __init__(self, ready: Ready, host: str, port: int, readers: MetricsReaders) -> None:
        self._ready = ready
        self._readers = readers
        self._host = host
        self._port = port
        self._server: asyncio.Server | None = None

    async def open(self) -> int:
        """Listen; the port that was taken. Raises `StartError` when it is busy."""
        try:
            self._server = await asyncio.start_server(self._serve, self._host, self._port, limit=8192)
        except (OSError, UnicodeError) as error:
            raise cannot_listen(error, self._host, self._port, "--health-port") from error
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
            names = [line.partition(b":")[0].strip().lower() for line in head.split(b"\r\n")[1:]]
            path = head.split(b" ", 2)[1].decode("latin-1")
            if path == "/metrics" and not self._readers.may(writer.get_extra_info("peername")[0], names):
                path = ""  # there is nothing of that name for them
            status, kind, body = await self._answer(path)
            writer.write(
                f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n".encode()
                + f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
                + body
            )
            await asyncio.wait_for(writer.drain(), 5)
        except (OSError, ValueError, IndexError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError):
            pass  # a broken probe is the prober's problem
        finally:
            writer.close()

    async def _answer(self, path: str) -> tuple[str, str, bytes]:
        if path == "/healthz":
            return "200 OK", "application/json", b'{"status":"ok"}'
        if path == "/readyz":
            parts = await self._ready()
            status = "200 OK" if all(parts.values()) else "503 Service Unavailable"
            return status, "application/json", json.dumps(parts).encode()
        if path == "/metrics":
            body, kind = exposition()
            return "200 OK", kind, body
        return "404 Not Found", "application/json", b'{"code":"not_found"}'
