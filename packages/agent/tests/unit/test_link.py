"""When to try again, where, and what an HTTP answer may be."""

import asyncio
import random

import pytest
from gururmm_agent.link.http import HttpError, post_json
from gururmm_agent.link.reconnect import Backoff, Ended, ended_by
from gururmm_agent.link.route import Route
from gururmm_agent.link.socket import socket_url
from gururmm_wire.v2.limits import Close


def highest(low: float, high: float) -> float:
    return high


def test_failures_double_up_to_a_minute():
    backoff = Backoff(highest)
    assert [backoff.next_delay(Ended.FAILED) for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    backoff.connected_for(9)
    assert backoff.next_delay(Ended.FAILED) == 60
    backoff.connected_for(11)
    assert backoff.next_delay(Ended.FAILED) == 0.5


def test_jitter_is_full():
    backoff = Backoff(lambda low, high: low)
    assert {backoff.next_delay(Ended.FAILED) for _ in range(9)} == {0}
    backoff = Backoff(random.Random(1).uniform)
    delays = [backoff.next_delay(Ended.FAILED) for _ in range(1000)][10:]
    assert min(delays) < 2
    assert max(delays) > 58


def test_special_endings():
    backoff = Backoff(highest)
    assert backoff.next_delay(Ended.REPLACED) == 60
    assert backoff.next_delay(Ended.REJECTED, 3600) == 3600
    assert backoff.next_delay(Ended.MOVED, 20) == 20
    assert backoff.next_delay(Ended.FAILED, 5) == 5.5


def test_a_server_that_is_gone_is_asked_for_soon_and_by_few_at_a_time():
    bounds = []

    def between(low: float, high: float) -> float:
        bounds.append((low, high))
        return low

    backoff = Backoff(between)
    for _ in range(18):
        backoff.next_delay(Ended.GONE)
    assert bounds[0] == (0, 1), "it may just have been cut"
    assert set(bounds[1:12]) == {(1, 4)}, "a fleet spreads over the seconds that a server takes to be back"
    assert bounds[12:] == [(0, 8), (0, 16), (0, 32), (0, 60), (0, 60), (0, 60)]
    backoff.connected_for(9)
    backoff.next_delay(Ended.GONE)
    backoff.connected_for(11)
    backoff.next_delay(Ended.GONE)
    assert bounds[18:] == [(0, 60), (0, 1)]


def test_two_thousand_whose_gateway_is_back_after_three_seconds_are_back_soon_after():
    random_source = random.Random(7)
    back = []
    for _ in range(2000):
        backoff, at = Backoff(random_source.uniform), 0.0
        while (at := at + backoff.next_delay(Ended.GONE)) < 3.0:
            pass
        back.append(at)
    back.sort()
    assert back[1000] < 5
    assert back[-1] < 15
    in_a_second = max(sum(second <= at < second + 1 for at in back) for second in range(15))
    assert in_a_second < 1000, "and not all at once"


def test_one_that_was_removed_asks_less_and_less_often():
    backoff = Backoff(highest)
    delays = [backoff.next_delay(Ended.REVOKED) for _ in range(99)]
    assert delays[:3] == [600, 1200, 2400]
    assert delays[8:] == [86_400] * 91


@pytest.mark.parametrize(
    ("code", "ended"),
    [
        (Close.REPLACED, Ended.REPLACED),
        (Close.AMBIGUOUS, Ended.REPLACED),
        (Close.REVOKED, Ended.REVOKED),
        (Close.UNAVAILABLE, Ended.FAILED),
        (1012, Ended.GONE),
        (None, Ended.GONE),
    ],
)
def test_close_codes(code, ended):
    assert ended_by(code) is ended


@pytest.mark.parametrize(
    ("gateway", "url"),
    [
        ("ws://h:1", "ws://h:1/agent/v2"),
        ("wss://h/", "wss://h/agent/v2"),
        ("wss://h/region/agent/v2", "wss://h/region/agent/v2"),
    ],
)
def test_socket_url(gateway, url):
    assert socket_url(gateway) == url


@pytest.mark.parametrize("gateway", ["", "http://h", "ws://", "file:///x"])
def test_socket_url_refuses(gateway):
    with pytest.raises(ValueError):
        socket_url(gateway)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}tail", (200, b"{}")),
        (b"HTTP/1.0 404 Not Found\r\n\r\nwhole body", (404, b"whole body")),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", (200, b"abcde")),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", None),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 70_000, None),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n", None),
        (b"SSH-2.0-OpenSSH\r\n\r\n", None),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 20_000, None),
        (b"", None),
    ],
)
async def test_http_answers(answer, expected):
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/x"
        if expected is None:
            with pytest.raises(HttpError):
                await post_json(url, b"{}", Route())
        else:
            assert await post_json(url, b"{}", Route()) == expected
