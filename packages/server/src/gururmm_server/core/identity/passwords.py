"""Passwords: argon2id, off the event loop, a bounded number at a time, and a bounded wait for that."""

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from gururmm_server.core.identity.strength import Strength, check_strength, strength
from gururmm_server.infra.fair_queue import FairQueue
from gururmm_server.infra.visitors import visitor

_AT_ONCE = 2
"""Of strangers; one more of known browsers. Each hash takes 64 MiB and a core while it is computed."""
_NICE = 10
"""A thread that hashes gives way to the one that answers everybody: strangers may ask for as many as they like."""
_WAITING = 32
"""With these before them, somebody waits for about a second."""
_WAITING_EACH = 8
_NOBODY = "$argon2id$v=19$m=65536,t=2,p=1$rhtet1j9CHZzOCXt8EeCdw$SvlsjuwnMe2wEazKIsYoXZjXx659Ebpy3qv3iZ/Aay8"
"""Of a random password that nobody kept: what is verified, and never fits, where there is no account."""


class Passwords:
    """Hashes and verifies. Verifying against no hash takes as long as against one.

    What a stranger asks for is done inside of their `turn`.
    """

    def __init__(self) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=64 * 1024, parallelism=1)
        # zxcvbn keeps what it was told in a global: one at a time.
        self._judge = ThreadPoolExecutor(1, thread_name_prefix="zxcvbn", initializer=_give_way)
        self._threads = ThreadPoolExecutor(_AT_ONCE + 1, thread_name_prefix="argon2", initializer=_give_way)
        self._strangers = FairQueue(_AT_ONCE, most=_WAITING, most_each=_WAITING_EACH)
        self._known = FairQueue(1, most=_WAITING, most_each=_WAITING_EACH)

    def turn(self, address: str, *, known: bool = False) -> AbstractAsyncContextManager[None]:
        """Waits until somebody from this address may have something computed. Raises `Crowded`, to wait for seconds.

        Whose browser is `known` waits for no stranger.
        """
        return (self._known if known else self._strangers).place(visitor(address))

    async def check_strength(self, password: str, email: str, field: str = "") -> None:
        """Raise `WeakPassword`, of this field where one is named, for what nobody should use."""
        await asyncio.get_running_loop().run_in_executor(self._judge, check_strength, password, email, field)

    async def strength(self, password: str, email: str) -> Strength:
        """Returns how hard a password is to guess."""
        return await asyncio.get_running_loop().run_in_executor(self._judge, strength, password, email)

    async def hash(self, password: str) -> str:
        """Returns the hash to store."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._hasher.hash, password)

    async def verify(self, password: str, stored: str | None) -> bool:
        """Tells whether the password fits; False where nothing is stored."""
        fits = await asyncio.get_running_loop().run_in_executor(self._threads, self._fits, stored or _NOBODY, password)
        return fits and stored is not None

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._judge.shutdown(wait=False, cancel_futures=True)

    def _fits(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


def _give_way() -> None:
    """Make this thread a less urgent one: on Linux, each has a niceness of its own."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
