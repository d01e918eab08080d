"""What fails in the agent costs itself only."""

import asyncio
from itertools import pairwise

import pytest
from gururmm_agent.supervision import AGAIN_S, Stop, Supervisor

from packages.agent.tests.loops import ClockLoop, run_on


async def _fail() -> None:
    raise RuntimeError("on purpose")


def test_a_job_that_fails_is_logged_and_ends_no_other(caplog):
    async def main(loop: ClockLoop) -> None:
        finished = []

        async def goes_on() -> None:
            await asyncio.sleep(1)  # sleep: of the loop's own clock, which the test moves
            finished.append("the other")

        async with Supervisor() as group:
            group.create_task(_fail())
            group.create_task(goes_on())
            await loop.advance(2)
        assert finished == ["the other"]

    run_on(ClockLoop, main)
    assert "on purpose" in caplog.text


@pytest.mark.parametrize("fails", [True, False])
def test_what_has_no_end_begins_again_soon_then_less_often(fails):
    async def main(loop: ClockLoop) -> None:
        begun: list[float] = []

        async def run() -> None:
            begun.append(loop.time())
            if fails:
                await _fail()

        with pytest.raises(ExceptionGroup) as ended:
            async with Supervisor() as group:
                group.keep("what is tried", run)
                await loop.advance(200)
                raise Stop
        assert [type(error) for error in ended.value.exceptions] == [Stop]
        waits = [after - before for before, after in pairwise(begun)]
        assert waits[:4] == [AGAIN_S, 2 * AGAIN_S, 4 * AGAIN_S, 8 * AGAIN_S]
        assert max(waits) <= 60

    run_on(ClockLoop, main)
