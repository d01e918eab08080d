"""The lint of owned tables finds every way into somebody else's, and every way round in a circle."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.lint.owned_tables import check, cycles

ROOT = Path(__file__).parents[3]

LOWER = """
COMPONENT: Final = Component(name="lower", tables=("things",), offers=("thing_names", "find_thing"))
"""
UPPER = """
from gururmm_server.core.lower import service
COMPONENT: Final = Component(name="upper", tables=("boxes", "lids"))
"""
TABLES = """
TABLES: Final = ("outbox",)
OFFERS: Final = ("current_tenant",)
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two components, the upper of which builds on the lower."""
    plant(tmp_path, "core/lower/__init__.py", LOWER)
    plant(tmp_path, "core/upper/__init__.py", UPPER)
    plant(tmp_path, "infra/tables.py", TABLES)
    return tmp_path


def plant(tree: Path, name: str, text: str) -> None:
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    (tree / name).write_text(text, encoding="utf-8")


ALLOWED = [
    ("core/upper/_repository.py", 'SQL = "select 1 from core.boxes join core.lids using (box_id)"'),
    ("core/upper/_repository.py", 'SQL = f"select {COLUMNS} from core.boxes b join core.thing_names using (thing_id)"'),
    ("core/upper/_repository.py", 'SQL = "select core.find_thing($1), core.current_tenant()"'),
    ("core/upper/_repository.py", '"""SQL over core.things and core.boxes."""\nimport gururmm_server.core.lower.words'),
    ("infra/outbox.py", 'SQL = "delete from core.outbox"'),
    ("migrations/versions/0001.sql", "create table core.anything ();"),
]
WRONG = [
    ("core/upper/_repository.py", 'SQL = "select 1 from core.things"', "core.things is lower's"),
    ("core/upper/_repository.py", 'SQL = f"select 1 from core.boxes, core.things {WHERE}"', "core.things is lower's"),
    ("core/upper/_repository.py", 'def f():\n    return "delete" + " from core.things"', "core.things is lower's"),
    ("core/upper/_more.sql", "select 1\nfrom core.things", "core.things is lower's"),
    ("core/upper/_repository.py", 'SQL = "insert into core.outbox values ($1)"', "core.outbox is infra's"),
    ("core/upper/_repository.py", 'SQL = "select 1 from core.nowhere"', "nobody owns core.nowhere"),
    ("core/upper/_repository.py", 'SQL = f"select 1 from core.{table}"', "the name is put in"),
    ("core/upper/_repository.py", 'SQL = "select 1 from core.{table}"', "the name is put in"),
    ("entrypoints/api.py", 'SQL = "select 1 from core.boxes"', "core.boxes is upper's"),
    ("infra/database.py", 'SQL = "select 1 from core.boxes"', "core.boxes is upper's"),
]


@pytest.mark.parametrize(("name", "text"), ALLOWED)
def test_ones_own_and_what_is_offered_is_free(tree: Path, name: str, text: str) -> None:
    plant(tree, name, text)
    found = check(tree)
    assert (found.places, found.cycles) == ([], [])


@pytest.mark.parametrize(("name", "text", "wrong"), WRONG)
def test_a_way_into_anothers_tables_is_found(tree: Path, name: str, text: str, wrong: str) -> None:
    plant(tree, name, text)
    found = check(tree)
    assert [said[: len(wrong)] for _, said in found.places] == [wrong]


def test_the_line_is_that_of_the_name(tree: Path) -> None:
    plant(tree, "core/upper/_repository.py", 'SQL = """\nselect 1\nfrom core.things\n"""')
    assert [place.line for place, _ in check(tree).places] == [3]


def test_a_view_that_is_read_leads_back_as_an_import_does(tree: Path) -> None:
    plant(tree, "core/upper/__init__.py", UPPER.replace("lids", "lids2").replace('"))', '"), offers=("box_names",))'))
    plant(tree, "core/lower/_repository.py", 'SQL = "select 1 from core.box_names"')
    assert check(tree).cycles == [("lower", "upper", "lower")]


def test_a_name_is_declared_once(tree: Path) -> None:
    plant(tree, "core/upper/__init__.py", UPPER.replace("lids", "things"))
    with pytest.raises(ValueError, match=r"core\.things is declared by lower and by upper"):
        check(tree)


def test_a_long_way_round_is_found_once() -> None:
    leads = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": set(), "e": {"a"}}
    assert list(cycles(leads)) == [("a", "b", "c", "a")]


def test_the_server_keeps_to_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tools.lint.owned_tables"]
    done = subprocess.run([*command, "packages/server/src"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    plant(tmp_path / "gururmm_server", "core/upper/service.py", 'SQL = "select 1 from core.things"')
    done = subprocess.run([*command, tmp_path], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "nobody owns core.things" in done.stdout
