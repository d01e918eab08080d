"""Signed heads: whoever owns the database cannot shorten or rewrite a chain without being found out."""

import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from gururmm_server.__main__ import app
from gururmm_server.core.access.scope import system_scope
from gururmm_server.core.audit import signing
from gururmm_server.core.audit.heads import AuditKey, HeadBook, HeadsBroken, page_name
from gururmm_server.core.audit.reading import SIGNED_WITHIN, AuditReading, Verdict, verify_all
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.audit.signing import HeadSigner
from gururmm_server.core.tenancy.partners import every_partner
from gururmm_server.infra.database import Database
from gururmm_server.infra.kinds import Kind
from gururmm_server.infra.object_store import FolderStore
from typer.testing import CliRunner

from packages.server.tests.conftest import Engines
from packages.server.tests.infra.test_scopes import plant_partner

BIN = Path(sys.executable).parent
KEY = AuditKey.of_seed(bytes(range(32)))


class Log:
    """What the signer says."""

    def __init__(self) -> None:
        self.pages: list[str] = []
        self.errors: list[dict[str, Any]] = []

    def info(self, _event: str, *, page: str) -> None:
        self.pages.append(page)

    def error(self, _event: str, **facts: Any) -> None:
        self.errors.append(facts)


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Log:
    made = Log()
    monkeypatch.setattr(signing, "log", made)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the store lies."""
    return tmp_path / "heads"


@pytest.fixture
def store(folder: Path) -> FolderStore:
    return FolderStore(folder)


@pytest.fixture
def book(store: FolderStore) -> HeadBook:
    return HeadBook(store, KEY.public)


@pytest.fixture
def signer(db: Database, store: FolderStore, log: Log) -> HeadSigner:
    assert log.pages == []
    return HeadSigner(db, store, KEY)


@pytest.fixture
async def owner(owner_url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(owner_url)
    yield connection
    await connection.close()


async def audited(db: Database, name: str = "North", rows: int = 5) -> UUID:
    tenant_id = await plant_partner(db, name)
    await write(db, tenant_id, rows)
    return tenant_id


async def write(db: Database, tenant_id: UUID, rows: int) -> None:
    async with db.scope(system_scope(tenant_id)) as tx:
        await append(tx, "tunnel_audit", *(AuditRow("terminal.input", None, input=b"ls\r") for _ in range(rows)))


async def cut(owner: Any, tenant_id: UUID, keep: int) -> None:
    """Shorten a chain as the database's owner would: its rows and its head together, so that it fits again."""
    await owner.execute("delete from core.tunnel_audit where tenant_id = $1 and seq > $2", tenant_id, keep)
    await owner.execute(
        "update core.audit_chains h set seq = $2, hash = coalesce((select hash from core.tunnel_audit r"
        " where r.tenant_id = $1 and r.seq = $2), '\\x00') where tenant_id = $1 and chain = 'tunnel_audit'",
        tenant_id,
        keep,
    )


async def verdict(db: Database, tenant_id: UUID, book: HeadBook | None) -> Verdict:
    found = await verify_all(db, await every_partner(db), tenant_id, book)
    return next(each for each in found if each.chain == "tunnel_audit")


async def test_a_chain_that_was_cut_off_at_its_end_is_found(
    db: Database, owner: Any, signer: HeadSigner, book: HeadBook
) -> None:
    tenant_id = await audited(db)
    assert await signer.sign() == 1
    whole = await verdict(db, tenant_id, book)
    assert (whole.ok, whole.state) == (True, "whole, signed up to row 5")
    await cut(owner, tenant_id, 3)
    assert (await verdict(db, tenant_id, None)).ok  # by itself the chain fits: that is the attack
    found = await verdict(db, tenant_id, book)
    assert (found.ok, found.rows, found.first_bad, found.state) == (False, 3, 5, "BROKEN at row 5")
    told = await AuditReading(db, book).verify(system_scope(tenant_id))
    assert (told.ok, told.first_bad) == (False, 5)


async def test_a_chain_that_grew_again_after_the_cut_is_not_signed(
    db: Database, owner: Any, signer: HeadSigner, book: HeadBook, log: Log
) -> None:
    tenant_id, other = await audited(db), await audited(db, "South")
    await signer.sign()
    await cut(owner, tenant_id, 3)
    await write(db, tenant_id, 4)
    await write(db, other, 1)
    assert await signer.sign() == 1
    assert log.errors == [{"tenant_id": str(tenant_id), "chain": "tunnel_audit", "seq": 5}]
    assert (await verdict(db, tenant_id, book)).state == "BROKEN at row 5"
    assert (await verdict(db, other, book)).state == "whole, signed up to row 6"


async def test_a_chain_that_was_rewritten_is_found(
    db: Database, owner: Any, signer: HeadSigner, book: HeadBook
) -> None:
    """Every hash made anew over other content, from the first row to the head."""
    tenant_id = await audited(db)
    await signer.sign()
    await cut(owner, tenant_id, 0)
    await write(db, tenant_id, 5)
    assert (await verdict(db, tenant_id, None)).ok
    assert (await verdict(db, tenant_id, book)).first_bad == 5


async def test_the_chain_of_a_partner_that_was_taken_away_is_found(
    db: Database, owner: Any, signer: HeadSigner, book: HeadBook
) -> None:
    tenant_id = await audited(db)
    await signer.sign()
    for table in ("tunnel_audit", "audit_chains", "clients", "tenants"):
        await owner.execute(f"delete from core.{table} where tenant_id = $1", tenant_id)
    for asked in (None, tenant_id):
        found = await verify_all(db, await every_partner(db), asked, book)
        assert [(each.tenant_id, each.first_bad) for each in found if not each.ok] == [(tenant_id, 5)]


async def test_the_owners_own_functions_and_operators_convince_nobody(
    db: Database, owner: Any, database_url: str, signer: HeadSigner, book: HeadBook
) -> None:
    tenant_id = await audited(db)
    await signer.sign()
    await owner.execute("update core.tunnel_audit set input = 'rm' where seq = 2")
    await owner.execute("create function core.sha256(bytea) returns bytea language sql as $$ select '\\x00'::bytea $$")
    await owner.execute("create function core.same(bytea, bytea) returns boolean language sql as 'select false'")
    await owner.execute("create operator core.<> (leftarg = bytea, rightarg = bytea, function = core.same)")
    database = await owner.fetchval("select current_database()")
    await owner.execute(f"alter database {database} set search_path = core, pg_catalog")
    fresh = Database(database_url)
    await fresh.open()
    try:
        assert (await verdict(fresh, tenant_id, book)).first_bad == 2
    finally:
        await fresh.close()


async def test_what_is_newer_than_its_signature_may_wait_a_moment(
    db: Database, signer: HeadSigner, book: HeadBook
) -> None:
    tenant_id = await audited(db)
    await signer.sign()
    await write(db, tenant_id, 1)
    found = await verdict(db, tenant_id, book)
    assert (found.ok, found.signed, found.rows) == (True, 5, 6)
    assert found.unsigned_since is not None
    late = replace(found, unsigned_since=datetime.now(UTC) - SIGNED_WITHIN - timedelta(seconds=1))
    assert (late.ok, late.state[:16]) == (False, "NOT SIGNED since")
    await signer.sign()
    assert (await verdict(db, tenant_id, book)).unsigned_since is None


async def test_nothing_new_is_no_page_and_another_worker_goes_on_from_there(
    *, db: Database, store: FolderStore, folder: Path, signer: HeadSigner, book: HeadBook, log: Log
) -> None:
    tenant_id = await audited(db)
    second = HeadSigner(db, store, KEY)
    assert (await signer.sign(), await signer.sign(), await second.sign()) == (1, 0, 0)
    await write(db, tenant_id, 1)
    assert await second.sign() == 1
    await write(db, tenant_id, 1)
    assert await signer.sign() == 1
    assert await book.newest() == 3
    assert [head.seq for head in (await book.read()).heads()] == [5, 6, 7]
    # The log has the pages too: put back where they were, they are the same proof.
    restored = FolderStore(folder.with_name("restored"))
    for number, page in enumerate(log.pages, 1):
        await restored.add(page_name(number), page.encode())
    assert await HeadBook(restored, KEY.public).read() == await book.read()


async def test_old_pages_need_not_be_read_for_ever(
    db: Database, store: FolderStore, signer: HeadSigner, book: HeadBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing, "A_PAGE", 2)
    monkeypatch.setattr(signing, "ANEW", 4)
    tenants = [await audited(db, name) for name in ("A", "B", "C")]
    rows = dict.fromkeys(tenants, 5)
    for turn in range(12):
        moved = tenants[turn % 2]  # the third is still, and its head has to come along all the same
        await write(db, moved, 1)
        rows[moved] += 1
        assert await signer.sign() >= 1
        newest = (await book.read()).newest_heads()
        assert {head.tenant_id: head.seq for head in newest.values()} == rows
        assert len((await book.read()).pages) <= 8
    assert await HeadSigner(db, store, KEY).sign() == 0


async def test_a_writing_anew_that_was_cut_short_loses_no_head(
    db: Database, store: FolderStore, signer: HeadSigner, book: HeadBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing, "A_PAGE", 1)
    monkeypatch.setattr(signing, "ANEW", 2)
    tenants = [await audited(db, name) for name in ("A", "B", "C")]
    await signer.sign()
    kept = (await book.read()).newest_heads()
    await write(db, tenants[0], 1)
    add, left = FolderStore.add, 1

    async def full(self: FolderStore, name: str, content: bytes) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError("full")
        await add(self, name, content)

    with monkeypatch.context() as disk:
        disk.setattr(FolderStore, "add", full)
        with pytest.raises(OSError, match="full"):
            await signer.sign()
    assert (await book.read()).newest_heads().keys() == kept.keys()
    await signer.sign()
    assert {head.seq for head in (await book.read()).newest_heads().values()} == {5, 6}
    assert await HeadSigner(db, store, KEY).sign() == 0


@pytest.mark.parametrize("change", ["missing", "changed", "signature", "swapped", "another key", "replayed"])
async def test_a_page_that_is_not_as_it_was_signed_is_told(
    *, db: Database, store: FolderStore, folder: Path, signer: HeadSigner, book: HeadBook, change: str
) -> None:
    tenant_id = await audited(db)
    for _ in range(3):
        await signer.sign()
        await write(db, tenant_id, 1)
    first = (await book.read()).pages[0]
    path = {number: folder / page_name(number) for number in (1, 2, 3)}
    text = path[2].read_bytes()
    path[2].unlink()
    if change == "changed":
        path[2].write_bytes(text.replace(b'"seq":6', b'"seq":4'))
    elif change == "signature":
        path[2].write_bytes(text.partition(b"\n")[0])
    elif change == "swapped":
        path[2].write_bytes(path[3].read_bytes())
    elif change == "replayed":
        path[2].write_bytes(KEY.sign(replace_number(first, 2)))
    elif change == "another key":
        path[2].write_bytes(text)
        book = HeadBook(store, AuditKey.of_seed(bytes(32)).public)
    with pytest.raises(HeadsBroken, match=r"^Page \d of the signed audit heads "):
        await verify_all(db, await every_partner(db), None, book)


def replace_number(page: Any, number: int) -> Any:
    """The page under another number: its hash of the page before does not fit there."""
    return type(page)(number, page.at, page.previous, page.since, page.heads)


@pytest.mark.parametrize("column", ["*", "details", "input", "actor"])
async def test_the_worker_reads_no_content(db: Database, column: str) -> None:
    for table in ("tunnel_audit", "audit_log"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.worker() as tx:
                await tx.fetch(f"select {column} from core.{table}")


def test_the_public_half_of_the_key_is_printed(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{bytes(range(32)).hex()}\n")
    said = CliRunner().invoke(app, ["audit", "public-key", "--audit-key-file", str(tmp_path / "key")])
    assert (said.exit_code, said.output.strip()) == (0, KEY.public.hex())


async def test_the_command_line_holds_chains_against_their_signed_heads(
    *, db: Database, owner: Any, signer: HeadSigner, folder: Path, engines: Engines, database_name: str
) -> None:
    url = engines.database(engines.urls[Kind.API], database_name)

    def verify(*where: str | Path) -> subprocess.CompletedProcess[str]:
        command = [BIN / "gururmm", "audit", "verify", "--database-url", url, *where]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    tenant_id = await audited(db)
    await signer.sign()
    await cut(owner, tenant_id, 2)
    alone = verify()
    assert f"{tenant_id}  North  tunnel_audit  2 rows  whole" in alone.stdout
    assert (alone.returncode, "an end that was cut off is not seen" in alone.stderr) == (0, True)
    held = verify("--audit-store", folder, "--audit-public-key", KEY.public.hex())
    assert (held.returncode, "tunnel_audit  2 rows  BROKEN at row 5" in held.stdout) == (1, True)
