"""A GET on 127.0.0.1 that asks a process of ours how it is."""

import asyncio


async def http_status(port: int, path: str, *, limit_s: float = 2.0) -> int | None:
    """The status of `http://127.0.0.1:<port><path>`; None when nothing answers in time."""
    try:
        return await asyncio.wait_for(_get(port, path), limit_s)
    except (OSError, ValueError, IndexError, TimeoutError):
        return None


async def _get(port: int, path: str) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        line = await reader.readline()
        return int(line.split()[1])
    finally:
        writer.close()
