"""The lint of sleeping tests finds planted sleeps, and passes what is not one."""

from pathlib import Path

import pytest

from tools.lint.sleeps import found, main


@pytest.mark.parametrize(
    "line",
    [
        "time.sleep(1)",
        "await asyncio.sleep(0.5)",
        "await sleep(seconds)",
        "task = asyncio.create_task(asyncio.sleep(600))",
        "asyncio.sleep(1)  # waits for the worker",
        "asyncio.sleep(1)  # sleep:",
    ],
)
def test_a_planted_sleep_is_found(line: str) -> None:
    assert list(found(f"async def test_it():\n    x = 1\n    {line}\n")) == [3]


@pytest.mark.parametrize(
    "line",
    [
        "await asyncio.sleep(0)",
        "time.sleep(1)  # sleep: the kernel counts in seconds",
        "time.sleep(1)  # noqa: ASYNC251  # sleep: the kernel counts in seconds",
        "code = 'time.sleep(600)'",
        "await until(lambda: True)",
    ],
)
def test_what_does_not_sleep_or_says_why_passes(line: str) -> None:
    assert list(found(f"async def test_it():\n    {line}\n")) == []


def test_only_tests_are_looked_at_and_the_place_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("src", "tests"):
        (tmp_path / "part" / folder).mkdir(parents=True)
        (tmp_path / "part" / folder / "test_it.py").write_text("import time\n\ntime.sleep(1)\n")
    monkeypatch.chdir(tmp_path)
    assert main(["part"]) == 1
    assert [line.partition(": ")[0] for line in capsys.readouterr().out.splitlines()] == ["part/tests/test_it.py:3"]
