"""The lint of tests that reach inside finds planted ones, and passes what is a test's own."""

from pathlib import Path

import pytest

from tools.lint.insides import found, main

REPOSITORY = "gururmm_server.core.agents" + "._repository"
"""In two parts, or this file would be found itself."""


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("assert relay._tasks == []", "relay._tasks"),
        ("gateway._authenticator.close()", "gateway._authenticator"),
        ("api.identity.tokens._key = b''", "api.identity.tokens._key"),
        ("self.relay._tasks.clear()", "self.relay._tasks"),
        ("Service(db)._find(1)", "Service(db)._find"),
        ("from gururmm_server.core.agents import _repository", REPOSITORY),
        ("from gururmm_server.core.agents._repository import find", REPOSITORY),
        ("import gururmm_server.core.agents._repository", REPOSITORY),
        ("from gururmm_server.infra.schema import _upgrade", "gururmm_server.infra.schema" + "._upgrade"),
        ("from .test_access import _fill", "test_access._fill"),
        (f"patch.setattr('{REPOSITORY}.FEW', 3)", f"{REPOSITORY}.FEW"),
        ("patch.setattr(service, '_limit', 3)", "_limit"),
        ("getattr(service, '_limit')", "_limit"),
    ],
)
def test_a_planted_reach_is_found(line: str, what: str) -> None:
    assert list(found(f"def test_it(self):\n    x = 1\n    {line}\n")) == [(3, what)]


@pytest.mark.parametrize(
    "line",
    [
        "self._bus.close()",
        "cls._made += 1",
        "super()._run()",
        "os._exit(3)",
        "parts._replace(path='/')",
        "x.__dict__",
        "_own_function()",
        "from gururmm_server.core.agents import __doc__",
        "text = 'relay._tasks'",
        "patch.setattr(service, 'limit', 3)",
    ],
)
def test_what_is_ones_own_or_public_passes(line: str) -> None:
    assert list(found(f"def test_it(self):\n    {line}\n")) == []


def test_only_tests_are_looked_at_and_the_place_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder in ("src", "tests"):
        (tmp_path / "part" / folder).mkdir(parents=True)
        (tmp_path / "part" / folder / "test_it.py").write_text("import x\n\nx._y = 1\n")
    monkeypatch.chdir(tmp_path)
    assert main(["part"]) == 1
    assert capsys.readouterr().out == "part/tests/test_it.py:3: a test reaches inside: x._y\n"
