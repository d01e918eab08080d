"""A component made from the template of the how-to is mounted by adding one name in one place."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import asyncpg

from packages.server.tests.infra.test_catalogue import NARROWED_ROLES, read_catalogue
from packages.server.tests.world import Partner, plant
from tools.lint.tests.test_contracts import MEMBERS, lint

ROOT = Path(__file__).parents[4]
HOWTO = ROOT / "docs/howto/add-a-component.md"
SERVER = Path("packages/server/src/gururmm_server")
PLACE = SERVER / "bootstrap/components.py"


def template() -> dict[str, str]:
    """The files that the how-to shows, by their path."""
    text = HOWTO.read_text(encoding="utf-8")
    return dict(re.findall(r"^```\w+ (\S+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))


def copy_with_newcomer(tree: Path) -> None:
    """A copy of the source with the template's files in it, and its name in the one place."""
    for member in MEMBERS:
        shutil.copytree(ROOT / member / "src", tree / member / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name, body in template().items():
        target = tree / SERVER / name
        target.parent.mkdir(exist_ok=True)
        target.write_text(body, encoding="utf-8")
    place = tree / PLACE
    text = place.read_text(encoding="utf-8")
    assert text.count('    "overview",\n') == 1
    place.write_text(text.replace('    "overview",\n', '    "overview",\n    "notes",\n'), encoding="utf-8")


async def test_a_component_is_mounted_by_one_name(
    owner_url: str, database_url: str, nats_url: str, tmp_path: Path
) -> None:
    copy_with_newcomer(tmp_path)
    partner = await plant(owner_url)
    owner = await asyncpg.connect(owner_url)
    await owner.execute(template()["migrations/versions/notes.sql"])
    await _policies_are_in_place(owner)
    found = await _used(tmp_path, partner, database_url, nats_url)
    audited = await owner.fetchval("select count(*) from core.audit_log where operation = 'note.left'")
    await owner.close()
    assert found == {
        "left": 204,
        "listed": ["The key is under the mat."],
        "refused": 403,
        "permissions": ["notes.read", "notes.write"],
        "feed": ["partner_tech@example.org left a note."],
        "feed_of_a_contact": 0,
        "live": [["event", "partner_tech@example.org left a note."], ["note", "The key is under the mat."]],
        "live_of_a_contact": 0,
        "job": True,
    }
    assert audited == 1


async def _used(tree: Path, partner: Partner, database_url: str, nats_url: str) -> dict[str, object]:
    script = Path(__file__).with_name("newcomer.py")
    ids = str(partner.tenant_id), str(partner.clients[0])
    done = subprocess.run(
        [sys.executable, script, database_url, nats_url, *ids, tree],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tree / "packages/server/src"), str(ROOT)])},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


async def _policies_are_in_place(owner: asyncpg.Connection) -> None:
    """What the test of the catalogue asks of every table."""
    catalogue = await read_catalogue(owner)
    assert "notes" in catalogue.reaching("tenants")
    rows = await owner.fetch(
        "select polname, polroles::regrole[]::text[] as roles from pg_policy where polrelid = 'core.notes'::regclass"
    )
    policies = {row["polname"]: set(row["roles"]) for row in rows}
    assert policies["client"] == NARROWED_ROLES
    assert policies["tenant"] >= NARROWED_ROLES


def test_the_contracts_hold_for_it_without_being_told(tmp_path: Path) -> None:
    copy_with_newcomer(tmp_path)
    shutil.copytree(ROOT / "tools", tmp_path / "tools", ignore=shutil.ignore_patterns("__pycache__", "setup"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    done = lint(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    repository = tmp_path / SERVER / "core/notes/_repository.py"
    repository.write_text(f"{repository.read_text()}\nimport gururmm_server.core.notes.service  # planted\n")
    done = lint(tmp_path)
    assert "Inside a core component BROKEN" in done.stdout
    assert "core.notes._repository imports gururmm_server.core.notes.service" in done.stdout


def test_the_template_is_as_clean_as_the_product(tmp_path: Path) -> None:
    copy_with_newcomer(tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    tools, notes = Path(sys.executable).parent, str(tmp_path / SERVER / "core/notes")
    for command in (["ruff", "check", notes], ["ruff", "format", "--check", "--diff", notes]):
        done = subprocess.run(
            [tools / command[0], *command[1:]], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100
        )
        assert done.returncode == 0, done.stdout + done.stderr
