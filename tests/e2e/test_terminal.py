"""Terminals end to end: not a byte lost, doubled or out of order, whatever dies on the way."""

import asyncio
import os
import random
import signal
from pathlib import Path

import pytest
from product import Api, Product, Terminal, until

pytestmark = pytest.mark.takes(8)

LINES = 40_000
LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789\r\n\x1b\xc3\xa9"


def text_of(size: int, seed: int) -> bytes:
    return bytes(random.Random(seed).choices(LETTERS, k=size))


async def raw_echo(api: Api, product: Product) -> Terminal:
    """A terminal whose program gives back every byte as it came."""
    terminal = await Terminal.open(api, product.agent_id)
    await terminal.type(b"stty raw -echo; echo rea''dy; exec cat\r")
    await terminal.expect(b"ready\n")
    terminal.output[:] = terminal.output[: terminal.output.index(b"ready\n") + 6]
    return terminal


async def given_back(terminal: Terminal, start: int, text: bytes, seconds: float) -> None:
    """Wait for the echo of all of `text` and of a mark behind it, then compare byte for byte."""
    mark = b"<the end>"
    try:
        await terminal.until(lambda: len(terminal.output) - start >= len(text), seconds)
        await terminal.type(mark)
        await terminal.until(lambda: len(terminal.output) - start >= len(text) + len(mark))
    except TimeoutError:
        raise AssertionError(f"{len(terminal.output) - start} of {len(text)} bytes came") from None
    assert bytes(terminal.output[start:]) == text + mark


async def test_a_megabyte_pasted_comes_back_whole(product: Product, api: Api) -> None:
    terminal = await raw_echo(api, product)
    start, text = len(terminal.output), text_of(1024 * 1024, 1)
    await terminal.type(text)
    await given_back(terminal, start, text, 60)
    await terminal.close()


async def test_much_output_over_many_drops(product: Product, api: Api) -> None:
    terminal = await Terminal.open(api, product.agent_id)
    await terminal.type(
        b"stty -echo; PS1=; echo be''gin; for i in $(seq %d); do echo line $i; done; echo e''nd\r" % LINES
    )
    for part in range(1, 7):
        await terminal.until(lambda part=part: len(terminal.output) > part * 50_000)
        await terminal.drop()
        await terminal.attach()
    await terminal.expect(b"end\r\n", 60)
    body = bytes(terminal.output).split(b"begin\r\n", 1)[1].split(b"end\r\n", 1)[0]
    assert body == b"".join(b"line %d\r\n" % (number + 1) for number in range(LINES))
    await terminal.close()


@pytest.mark.parametrize("victim", ["api", "gateway", "nats", "postgres"])
async def test_streams_survive_a_kill_in_the_middle(product: Product, api: Api, victim: str) -> None:
    """Two megabytes under way in both directions while every process of a kind is killed."""
    terminal = await raw_echo(api, product)
    start, text = len(terminal.output), text_of(2 * 1024 * 1024, 2)
    typing = asyncio.create_task(terminal.type(text))
    await terminal.until(lambda: len(terminal.output) - start >= 128 * 1024)
    if product.external is not None and victim in {"nats", "postgres"}:
        product.external.kill(victim)
    else:
        for name, pid in product.pids().items():
            if name == victim or name.startswith(f"{victim}-"):
                os.kill(pid, signal.SIGKILL)
    assert len(terminal.output) - start < len(text), "the kill came in the middle"
    if victim == "api":
        typing.cancel()  # its socket is gone; the next one sends the rest
        await asyncio.wait({typing})
    await given_back(terminal, start, text, 45)
    await terminal.close()
    until(lambda: api.get(f"/tunnel/status/{terminal.session_id}")["status"] == "closed", 20)
    assert until(lambda: api.get("/audit/verify"), 20)["ok"]
    status = api.get(f"/tunnel/status/{terminal.session_id}")
    assert status["input_bytes"] >= len(text)
    assert status["output_bytes"] >= start + len(text)


async def test_an_agent_that_dies_ends_the_terminal_and_says_so(product: Product, api: Api) -> None:
    terminal = await raw_echo(api, product)
    name = next(name for name in product.pids() if name == "agent" or name.startswith("agent-"))
    before = product.pids()[name]
    os.kill(before, signal.SIGKILL)
    until(lambda: product.pids().get(name, before) != before, 20)
    await terminal.until(lambda: terminal.closed is not None, 30)
    assert "agent" in terminal.closed["reason"]
    until(lambda: api.get(f"/tunnel/status/{terminal.session_id}")["status"] == "closed", 10)
    await terminal.drop()


async def test_a_stopped_browser_holds_the_shell_back_not_the_servers_memory(product: Product, api: Api) -> None:
    """`yes` for three seconds against a tab that draws nothing."""
    terminal = await Terminal.open(api, product.agent_id)
    terminal.channels[1].told = 1 << 40  # never acknowledges
    apis = [pid for name, pid in product.pids().items() if name.startswith("api")]
    before = sum(_resident_mb(pid) for pid in apis)
    await terminal.type(b"yes\r")
    await asyncio.sleep(3)  # sleep: that something stops growing shows only with time
    assert len(terminal.output) <= 1200 * 1024
    assert sum(_resident_mb(pid) for pid in apis) - before < 30
    terminal.channels[1].told = 0
    await terminal.type(b"\x03")
    await terminal.close()


def _resident_mb(pid: int) -> float:
    pages = int((Path("/proc") / str(pid) / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
