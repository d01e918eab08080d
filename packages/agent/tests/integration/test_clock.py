"""Machines whose clock is wrong: their readings are at the server's time, and say what the clock said."""

import time

import pytest
from gururmm_wire.v2.agent import Heartbeat, Metrics, MetricsBacklog

WRONG = """
import sys, time
off, true, true_ns = {}, time.time, time.time_ns
time.time = lambda: true() + off
time.time_ns = lambda: true_ns() + off * 10**9
from gururmm_agent.__main__ import main
sys.exit(main())
"""

HOUR, YEAR = 3600, 365 * 86400


def about(moment: float) -> pytest.approx:
    """Close enough, however slow this machine is just now."""
    return pytest.approx(moment, abs=60)


@pytest.mark.parametrize("off", [-3 * HOUR, -HOUR, -YEAR, 3 * HOUR, YEAR, 0])
async def test_a_sample_is_at_the_servers_time_and_says_what_the_clock_said(gateway, agent, off):
    agent.program = ("-c", WRONG.format(off))
    await agent.start()
    sample, alive = await gateway.wait_for(Metrics), await gateway.wait_for(Heartbeat)
    now = time.time()
    assert sample.at == about(now)
    assert sample.clock == (about(now + off) if off else None)
    assert alive.at == about(now + off)


async def test_what_was_sent_into_a_broken_line_is_sent_again(gateway, agent):
    await agent.start()
    sent = await gateway.wait_for(Metrics)
    gateway.drop()
    backlog = await gateway.wait_for(MetricsBacklog, timeout=30)
    (again,) = [sample for sample in backlog.samples if sample.clock == sent.at]
    assert abs(again.at - sent.at) <= 2
    assert (again.memory_used, again.load) == (sent.memory_used, sent.load)


@pytest.mark.parametrize("off", [-YEAR, 3 * HOUR])
async def test_what_was_taken_before_anybody_told_the_time_is_at_the_servers_time_too(gateway, agent, off):
    await agent.start()
    await agent.terminate()
    await gateway.stop()
    agent.program = ("-c", WRONG.format(off))
    await agent.start(wait=False)
    kept = agent.state / "spool" / "newer"
    await gateway.wait_until(lambda: kept.exists() and kept.stat().st_size)
    await gateway.start()
    backlog = await gateway.wait_for(MetricsBacklog, timeout=60)
    now = time.time()
    assert backlog.samples
    for sample in backlog.samples:
        assert sample.at == about(now)
        assert sample.clock == about(now + off)
