"""The worker's side of signed heads: every chain's head is signed within a minute of its writing."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from prometheus_client import Gauge

from gururmm_server.core.audit import _heads_repository as repository
from gururmm_server.core.audit.chains import Chain
from gururmm_server.core.audit.heads import AuditKey, Book, Head, HeadBook, Page, page_name
from gururmm_server.infra.database import Database
from gururmm_server.infra.errors import Unavailable
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.object_store import ObjectExists, ObjectStore

log = get_logger(__name__)

EVERY_S: Final = 30.0
A_PAGE: Final = 200
"""Heads on one page, which is also one line of the log."""
ANEW: Final = 1000
"""After so many pages all heads are written again, so that nobody has to read further back."""

CUT = Gauge("gururmm_audit_chains_cut", "Audit chains that lack a row which was signed")


class HeadSigner:
    """Signs heads that moved on. A chain that lost a row which was signed gets no signature any more."""

    def __init__(self, db: Database, store: ObjectStore, key: AuditKey) -> None:
        self._db = db
        self._store = store
        self._key = key
        self._reader = HeadBook(store, key.public)
        self._book: Book | None = None

    async def sign(self) -> int:
        """Write new heads to the store and to the log. Returns how many. Raises `HeadsBroken`, `StorageFull`."""
        book = self._book
        if book is None or book.newest != await self._reader.newest():
            book = await self._reader.read()  # at first, and where another worker has written since
        self._book = None
        known = book.newest_heads()
        async with self._db.worker() as tx:
            there = {head.key: head for head in await repository.heads(tx)}
            moved = [head for head in known.values() if there.get(head.key) != head]
            cut = {head.key for head in await repository.missing(tx, moved)}
        for tenant_id, chain in cut:
            seq = known[tenant_id, chain].seq
            log.error("an audit chain lacks a row that was signed", tenant_id=str(tenant_id), chain=chain, seq=seq)
        CUT.set(len(cut))
        new = [head for key, head in there.items() if key not in cut and known.get(key) != head]
        if new:
            await self._write(book, new, known)
        self._book = book
        return len(new)

    async def _write(self, book: Book, new: Sequence[Head], known: dict[tuple[UUID, Chain], Head]) -> None:
        anew = not book.pages or book.newest - book.pages[0].number >= ANEW
        heads = list((known | {head.key: head for head in new}).values()) if anew else list(new)
        first = book.newest + 1
        for start in range(0, len(heads), A_PAGE):
            last = start + A_PAGE >= len(heads)
            # Until all of them are written again, the older pages are still needed.
            since = first if not book.pages or (anew and last) else book.pages[0].number
            await self._add(book, since, heads[start : start + A_PAGE])
        if anew:
            book.pages = [page for page in book.pages if page.number >= first]

    async def _add(self, book: Book, since: int, heads: list[Head]) -> None:
        page = Page(book.newest + 1, datetime.now(UTC).isoformat(timespec="seconds"), book.digest, since, heads)
        stored = self._key.sign(page)
        try:
            await self._store.add(page_name(page.number), stored)
        except ObjectExists as error:
            raise Unavailable(internal=f"another worker wrote page {page.number}") from error
        log.info("audit heads signed", page=stored.decode())
        book.pages.append(page)
        book.digest = hashlib.sha256(stored).hexdigest()
