"""Asking the machine's own tools, bounded in time and size."""

import contextlib
import os
import signal
import subprocess
from typing import Final

from gururmm_agent.adapters.environment import child_environment, find_program

MAX_BYTES: Final = 16 * 1024 * 1024


def ask_tool(name: str, *arguments: str, timeout_s: float = 20.0) -> str | None:
    """What the tool prints, or None if it is not installed. Raises `OSError` if it does not answer in time."""
    program = find_program(name)
    if program is None:
        return None
    process = subprocess.Popen(
        [program, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=child_environment(LC_ALL="C"),
    )
    try:
        output, _ = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired as error:
        os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):  # one that waits for a dead disk is not even killed
            process.communicate(timeout=1)
        raise OSError(f"{name} did not answer within {timeout_s:.0f} s") from error
    return output[:MAX_BYTES].decode("utf-8", "backslashreplace")
