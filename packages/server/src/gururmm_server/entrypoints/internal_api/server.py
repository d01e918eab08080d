"""uvicorn, set up for us: our own signals, our own headers, our own idea of who is a proxy."""

import contextlib
import resource
import socket
from collections.abc import Iterator, Sequence

import uvicorn

from gururmm_server.entrypoints.internal_api.connections import BoundedProtocol, Connections
from gururmm_server.entrypoints.internal_api.gate import App
from gururmm_server.infra.given import cannot_listen
from gururmm_server.infra.proxies import TrustedProxies

_WEBSOCKET_BYTES = 256 * 1024
_WAITING_SHARE = 0.5
"""Of the files that the process may open, how many may be connections that wait; the rest is for those who work."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: they are the process's business."""
        yield


class ApiServer:
    """Listens at once (so that a busy port is known before anything starts), serves when told."""

    def __init__(self, app: App, host: str, port: int, trusted_proxies: Sequence[str] = ()) -> None:
        """Raises `StartError` when the port cannot be had."""
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        connections = Connections(TrustedProxies(trusted_proxies), int(files * _WAITING_SHARE))
        protocol = type("ApiProtocol", (BoundedProtocol,), {"registry": connections})
        self._socket = _listen(host, port)
        config = uvicorn.Config(
            app,
            http=protocol,
            loop="none",
            ws="websockets-sansio",
            ws_max_size=_WEBSOCKET_BYTES,
            ws_ping_interval=20,
            ws_ping_timeout=20,
            ws_per_message_deflate=False,
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            access_log=False,
            log_config=None,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=5,
        )
        self._server = _Server(config)

    @property
    def port(self) -> int:
        """Returns the port that was taken."""
        port: int = self._socket.getsockname()[1]
        return port

    @property
    def started(self) -> bool:
        """Tells whether requests are answered."""
        return self._server.started

    def stop(self) -> None:
        """Take no more requests, finish those that run (5 s), then let `run` return."""
        self._server.should_exit = True

    async def run(self) -> None:
        """Serve until `stop`; the port is free afterwards."""
        try:
            await self._server.serve(sockets=[self._socket])
        finally:
            self.close()

    def close(self) -> None:
        """Give the port back without having served."""
        self._socket.close()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Said in full: asyncio sends small answers at once (TCP_NODELAY) only on a socket that is told to be TCP.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except (OSError, UnicodeError) as error:
        listening.close()
        raise cannot_listen(error, host, port, "--port") from error
    listening.listen(2048)
    listening.setblocking(False)
    return listening
