"""The lint of repositories finds statements, hand-numbered values and bags of values where they do not belong."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.lint.repositories import faults

ROOT = Path(__file__).parents[3]

RUN = "async def f(tx):\n    return await tx.{}"
WRONG = [
    ("core/a/service.py", RUN.format("fetch(X)"), "`fetch` runs a statement"),
    ("core/a/service.py", RUN.format("fetchrow(X)"), "`fetchrow` runs a statement"),
    ("core/a/jobs.py", RUN.format("execute(X)"), "`execute` runs a statement"),
    ("core/a/_people.py", RUN.format("fetchval(X)"), "`fetchval` runs a statement"),
    ("entrypoints/jobs/work.py", RUN.format("executemany(X)"), "`executemany` runs a statement"),
    ("core/a/service.py", 'X = "select 1 from core.things"', "the text of a statement"),
    ("core/a/service.py", 'X = f"select {A} from core.things"', "the text of a statement"),
    ("core/a/service.py", 'X = """\nupdate things\nset a = 1"""', "the text of a statement"),
    (
        "core/a/_repository.py",
        'def f(w):\n    return f"select a from b where {w} and c = $2"',
        "numbers a value by hand",
    ),
    ("core/a/_repository.py", 'def f(n):\n    return f"c = ${n}"', "numbers a value by hand"),
    ("core/a/_repository.py", 'def f(w):\n    return "select $1 from " + w', "numbers a value by hand"),
    ("core/a/_repository.py", "def f(w):\n    return X.format(where=w)", "numbers a value by hand"),
    ("core/a/_repository.py", "async def f(tx) -> Row | None: ...", "`f` returns Row | None"),
    ("core/a/_repository.py", "async def f(tx) -> tuple[list[Row], int]: ...", "`f` returns tuple[list[Row], int]"),
    ("core/a/service.py", "class A:\n    async def f(self) -> dict[str, Any]: ...", "`f` returns dict[str, Any]"),
    ("core/a/shapes.py", "def f(a) -> list[dict[str, Any]]: ...", "`f` returns list[dict[str, Any]]"),
    ("core/a/service.py", "Page = dict[str, Any]\ndef f(a) -> Page: ...", "`f` returns Page"),
]
ALLOWED = [
    ("core/a/_repository.py", RUN.format("fetch('select 1 from core.things where a = $1', a)")),
    ("core/a/_jobs_repository.py", RUN.format("execute(X)")),
    ("core/a/_repository.py", 'X = f"select {A} from core.things where b = $1"\nY = "a".format(b=1)'),
    ("core/a/_repository.py", 'def f(w):\n    return sql("select a where {w} and b = {b}", w=w, b=1)'),
    ("core/a/_repository.py", "async def f(tx) -> Thing | None: ..."),
    ("core/a/_repository.py", "def _f(row: Row) -> dict[str, Any]: ..."),
    ("core/a/service.py", "def f(a: dict[str, Any]) -> dict[str, int]: ..."),
    ("core/a/live.py", "class A:\n    def shown(self) -> dict[str, Any]: ..."),
    ("core/a/service.py", '"""Selects from core.things what\nis asked for."""\nsaid = "select a machine"'),
    ("infra/outbox.py", RUN.format("fetch('select 1 from core.outbox')")),
    ("migrations/env.py", RUN.format("execute(X)")),
]


def plant(base: Path, name: str, text: str) -> Path:
    (base / name).parent.mkdir(parents=True, exist_ok=True)
    (base / name).write_text(text, encoding="utf-8")
    return base / name


@pytest.mark.parametrize(("name", "text", "wrong"), WRONG)
def test_what_came_out_is_found(tmp_path: Path, name: str, text: str, wrong: str) -> None:
    said = [what for _, what in faults(plant(tmp_path, name, text), tmp_path)]
    assert len(said) == 1
    assert wrong in said[0]


@pytest.mark.parametrize(("name", "text"), ALLOWED)
def test_what_belongs_there_is_free(tmp_path: Path, name: str, text: str) -> None:
    assert faults(plant(tmp_path, name, text), tmp_path) == []


def test_the_server_keeps_to_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tools.lint.repositories"]
    done = subprocess.run([*command, "packages/server/src"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    plant(tmp_path / "gururmm_server", "core/a/service.py", RUN.format("fetch(X)"))
    done = subprocess.run([*command, tmp_path], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "that is a repository's work" in done.stdout
