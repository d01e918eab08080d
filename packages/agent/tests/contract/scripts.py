"""The programs of the contract tests, for the machine in memory."""

import asyncio
import hashlib
from pathlib import Path

from packages.agent.tests.scripted import Act, Running


async def sleeps(me: Running) -> int:
    await me.show(b"ready")
    return await me.stay()


async def refuses(me: Running) -> int:
    me.stubborn = True
    return await sleeps(me)


async def speaks(me: Running) -> int:
    await me.show(b"out")
    await me.show(b"err", 2)
    return 3


async def goes(me: Running) -> int:
    me.stubborn = True
    await me.show(b"ready")
    await me.asked.wait()
    await me.show(b"bye")
    return 5


async def quiet(me: Running) -> int:
    me.stubborn = True
    return await me.stay()


async def family(me: Running) -> int:
    await me.show(b"%d ready" % me.start(quiet).pid)
    return await me.stay()


async def leaves(me: Running) -> int:
    await me.show(b"%d left" % me.start(quiet).pid)
    return 4


async def escapes(me: Running) -> int:
    child = me.start(refuses)
    child.environment = {}
    await me.show(b"%d " % child.pid)
    return await me.stay()


def turns(count: str) -> Act:
    async def act(me: Running) -> int:
        for number in range(int(count)):
            await me.show(b"%d\n" % number, 2 if number % 3 == 0 else 1)
        return 0

    return act


def leaves_talking(begin: str, done: str) -> Act:
    async def talks(me: Running) -> int:
        me.stubborn = True
        while not Path(begin).exists():
            await asyncio.sleep(0)
        await me.show(b"x" * 64)
        Path(done).touch()
        return 0

    async def act(me: Running) -> int:
        me.start(talks)
        return 4

    return act


async def crowd(me: Running) -> int:
    me.stubborn = True
    return await family(me)


async def echoes(me: Running) -> int:
    await me.show(b"ready")
    while (data := await me.type_in()) not in (b"\x04", b""):
        await me.show(data)
    return 7


async def measures(me: Running) -> int:
    while True:
        columns, rows = me.terminal.size
        await me.show(f"[{columns} {rows}]".encode())
        await me.type_in()


def tells(name: str) -> Act:
    async def act(me: Running) -> int:
        await me.show(f"{me.environment.get(name)} {me.directory} {len(await me.type_in())}".encode())
        return 0

    return act


def floods(size: str) -> Act:
    async def act(me: Running) -> int:
        for number in range(int(size) // 64):
            await me.show(f"{number:>64}".encode(), 1 + number % 2)
        return 0

    return act


def counts(size: str) -> Act:
    async def act(me: Running) -> int:
        await me.show(b"ready")
        digest, left = hashlib.sha256(), int(size)
        while left:
            data = await me.type_in(left)
            digest.update(data)
            left -= len(data)
        await me.show(digest.hexdigest().encode())
        return 0

    return act


def pours(size: str, done: str) -> Act:
    async def act(me: Running) -> int:
        await me.show((bytes(range(256)) * (int(size) // 256 + 1))[: int(size)])
        Path(done).touch()
        return 0

    return act
