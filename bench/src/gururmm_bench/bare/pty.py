"""A terminal without anything of ours: what the system's own gives."""

import asyncio
import os
import pty
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from gururmm_bench.tab import ECHO_PROGRAM, Echo


async def echo_times(keys: Callable[[Echo, Callable[[bytes], object]], Awaitable[list[float]]]) -> list[float]:
    """What `keys` measures when its keys go straight to the echoing program's terminal."""
    master, slave = pty.openpty()
    echo = Echo()
    with subprocess.Popen(["sh", "-c", ECHO_PROGRAM], stdin=slave, stdout=slave, stderr=slave) as program:
        os.close(slave)
        loop = asyncio.get_running_loop()
        loop.add_reader(master, lambda: echo.got(os.read(master, 65536)))
        try:
            await echo.until(b"ready\n")
            return await keys(echo, lambda data: os.write(master, data))
        finally:
            loop.remove_reader(master)
            program.kill()
            os.close(master)


def cat_rate(source: Path) -> float:
    """Bytes a second of `cat` of a file, with a reader that does nothing with them."""
    master, slave = pty.openpty()
    size = source.stat().st_size
    subprocess.run(["stty", "raw", "-echo"], stdin=slave, check=True)
    with subprocess.Popen(["cat", source], stdin=slave, stdout=slave) as program:
        began, left = time.perf_counter(), size
        while left > 0:
            left -= len(os.read(master, 32768))
        seconds = time.perf_counter() - began
        program.wait()
    os.close(slave)
    os.close(master)
    return size / seconds
