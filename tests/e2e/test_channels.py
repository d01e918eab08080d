"""Two terminals in one tech session end to end: each is its own, whatever becomes of the other."""

import os
import signal

import pytest
from product import Api, Channel, Product, Terminal, until

pytestmark = [
    pytest.mark.takes(8),
    pytest.mark.engines("embedded"),  # it kills the only gateway
]


async def answers(terminal: Terminal, channel: Channel, word: str) -> None:
    """Type what only a running shell turns into this word, and wait for it."""
    start = len(channel.output)
    await terminal.type(f"echo {word[0]}''{word[1:]}\r".encode(), channel)
    await terminal.until(lambda: word.encode() in channel.output[start:], 30)


async def test_two_terminals_of_a_session_live_apart(product: Product, api: Api) -> None:
    terminal = await Terminal.open(api, product.agent_id)
    first, second = terminal.channels[1], await terminal.open_channel()
    assert second.number == 2
    await answers(terminal, first, "one-speaks")
    await answers(terminal, second, "two-speaks")
    assert b"two-speaks" not in first.output
    assert b"one-speaks" not in second.output

    await terminal.type(b"HERE=first\r", first)
    await terminal.type(b"HERE=second\r", second)
    before = product.pids()["gateway"]
    os.kill(before, signal.SIGKILL)
    until(lambda: product.pids().get("gateway", before) != before, 20)
    await terminal.type(b"echo still-$HERE\r", first)
    await terminal.type(b"echo still-$HERE\r", second)
    await terminal.expect(b"still-first", 30, first)
    await terminal.expect(b"still-second", 30, second)

    await terminal.close_channel(first)
    await answers(terminal, second, "two-goes-on")
    status = api.get(f"/tunnel/status/{terminal.session_id}")
    assert (status["status"], [each["state"] for each in status["channels"]]) == ("open", ["closed", "open"])

    await terminal.close_channel(second)
    until(lambda: api.get(f"/tunnel/status/{terminal.session_id}")["status"] == "closed", 10)
    assert until(lambda: api.get("/audit/verify"), 20)["ok"]
    typed = api.call("GET", f"/tunnel/sessions/{terminal.session_id}/channels/2/recording").text
    assert "two-speaks" in typed
    assert "one-speaks" not in typed
    await terminal.drop()
