"""Machines apart from this one, of namespaces: their own network, mounts and name. Needs root."""

import ctypes
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

Result = TypeVar("Result")

_FS: Final = 0x200


class Apart:
    """A machine that shares what it has not been given of its own: `-n` network, `-m` mounts, `-u` name."""

    def __init__(self, holder: "subprocess.Popen[bytes]", flags: tuple[str, ...]) -> None:
        self.pid = holder.pid
        self.prefix = ("nsenter", "-t", str(holder.pid), *flags)
        """What runs a command there."""

    def run(self, script: str | bytes) -> bytes:
        """Run a shell script there; its output."""
        command = [*self.prefix, "sh", "-c", script]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False)
        assert done.returncode == 0, done.stdout.decode("utf-8", "replace")
        return done.stdout

    def in_its_network(self, act: Callable[[], Result]) -> Result:
        """What `act` returns when it is done in that network, as a socket that stays in it."""
        return self._there("net", act)

    def in_its_mounts(self, act: Callable[[], Result]) -> Result:
        """The same among its mounts."""
        return self._there("mnt", act)

    def _there(self, kind: str, act: Callable[[], Result]) -> Result:
        results: list[Result] = []

        def work() -> None:
            library = ctypes.CDLL(None, use_errno=True)
            with Path(f"/proc/{self.pid}/ns/{kind}").open("rb") as namespace:
                if kind == "mnt":  # only a thread with a working directory and root of its own may go
                    assert library.unshare(_FS) == 0, os.strerror(ctypes.get_errno())
                assert library.setns(namespace.fileno(), 0) == 0, os.strerror(ctypes.get_errno())
            results.append(act())

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return results[0]


@contextmanager
def apart(*flags: str) -> Iterator[Apart]:
    """A machine of its own until the block ends, with a /sys of its own where it has a network."""
    first = "ip link set lo up; mount -t sysfs sysfs /sys; " if "-n" in flags and "-m" in flags else ""
    holder = subprocess.Popen(
        ["unshare", *flags, "sh", "-c", f"{first}echo ready; exec sleep infinity"], stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"ready\n"
        yield Apart(holder, flags)
    finally:
        holder.kill()
        holder.wait()
        assert holder.stdout is not None
        holder.stdout.close()


needs_root = os.geteuid() != 0 and not os.environ.get("CI")
"""Whether such machines can't be made here; in CI no test is left out."""
