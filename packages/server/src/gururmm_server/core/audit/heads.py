"""The chains' heads, signed, on pages that the database's owner can neither reach nor write.

A chain proves that nothing was changed inside it, not that nothing was cut off at its end: who owns the database can
shorten a chain and its head together. So the worker signs each head within a minute and writes numbered pages to a
store that only grows. A page names the hash of the page before it, and `since`: the page from which on every chain's
newest head is found.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import msgspec
from nacl.bindings import crypto_sign, crypto_sign_BYTES, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import BadSignatureError

from gururmm_server.core.audit.chains import Chain
from gururmm_server.infra.errors import GuruError, NotFound
from gururmm_server.infra.object_store import ObjectStore

PURPOSE: Final = b"gururmm audit heads 1\n"
"""Stands before what is signed: the key's signature is good for nothing else."""
_FOLDER: Final = 1000
"""Pages in a folder of the store."""


class HeadsBroken(GuruError):
    """A page of signed audit heads is missing or was changed."""

    code = "audit_heads_broken"


class Head(msgspec.Struct, frozen=True):
    """The newest row of a chain: its number, and its hash in hexadecimal."""

    tenant_id: UUID
    chain: Chain
    seq: int
    hash: str

    @property
    def key(self) -> tuple[UUID, Chain]:
        """Returns which chain it is the head of."""
        return self.tenant_id, self.chain


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is signed at once."""

    number: int
    at: str
    previous: str
    """SHA-256 of the page before it as it is stored; empty on the first."""
    since: int
    heads: list[Head]


@dataclass(slots=True)
class Book:
    """The pages from the newest page's `since` on."""

    pages: list[Page] = field(default_factory=list)
    digest: str = ""
    """Of the newest page as it is stored."""

    @property
    def newest(self) -> int:
        """Returns the number of the newest page; 0 where there is none."""
        return self.pages[-1].number if self.pages else 0

    def heads(self, tenant_id: UUID | None = None) -> list[Head]:
        """Returns every head that was signed, one chain's in their order."""
        return [head for page in self.pages for head in page.heads if tenant_id in {None, head.tenant_id}]

    def newest_heads(self) -> dict[tuple[UUID, Chain], Head]:
        """Returns the newest head of each chain."""
        return {head.key: head for head in self.heads()}


class HeadBook:
    """Reads the pages of a store, believing only what the public key has signed."""

    def __init__(self, store: ObjectStore, public_key: bytes) -> None:
        self._store = store
        self._public_key = public_key

    async def newest(self) -> int:
        """Returns the number of the newest page; 0 where there is none."""
        folders = await self._store.names()
        pages = await self._store.names(folders[-1]) if folders else []
        return int(pages[-1].partition(".")[0]) if pages else 0

    async def read(self) -> Book:
        """Returns the pages that name every chain's newest head. Raises `HeadsBroken`."""
        newest = await self.newest()
        if not newest:
            return Book()
        last, _ = await self._page(newest)
        book = Book()
        for number in range(last.since, newest + 1):
            page, stored = await self._page(number)
            if book.pages and page.previous != book.digest:
                raise HeadsBroken(f"Page {number} of the signed audit heads does not follow the page before it.")
            book.pages.append(page)
            book.digest = hashlib.sha256(stored).hexdigest()
        return book

    async def _page(self, number: int) -> tuple[Page, bytes]:
        try:
            stored = await self._store.read(page_name(number))
        except NotFound as error:
            raise HeadsBroken(f"Page {number} of the signed audit heads is missing.") from error
        text, _, signature = stored.partition(b"\n")
        try:
            crypto_sign_open(bytes.fromhex(signature.decode().strip()) + PURPOSE + text, self._public_key)
            page = msgspec.json.decode(text, type=Page)
        except (BadSignatureError, ValueError, msgspec.MsgspecError) as error:
            raise HeadsBroken(f"Page {number} of the signed audit heads is not as it was signed.") from error
        if page.number != number or not 1 <= page.since <= number:
            raise HeadsBroken(f"Page {number} of the signed audit heads is another page.")
        return page, stored


@dataclass(frozen=True, slots=True)
class AuditKey:
    """The Ed25519 key that signs heads and nothing else. Only the worker holds it."""

    public: bytes
    secret: bytes = field(repr=False)

    @classmethod
    def of_seed(cls, seed: bytes) -> "AuditKey":
        """Returns the key of a seed of 32 bytes."""
        public, secret = crypto_sign_seed_keypair(seed)
        return cls(public, secret)

    def sign(self, page: Page) -> bytes:
        """Returns a page as it is stored: a line of JSON, and a line with its signature in hexadecimal."""
        text = msgspec.json.encode(page)
        return b"%s\n%s\n" % (text, crypto_sign(PURPOSE + text, self.secret)[:crypto_sign_BYTES].hex().encode())


def page_name(number: int) -> str:
    """Returns the name of a page's object: they sort in their order."""
    return f"{number // _FOLDER:09}/{number:012}.json"


def by_chain(heads: Iterable[Head], chain: Chain) -> list[Head]:
    """Returns those heads that are of this chain."""
    return [head for head in heads if head.chain == chain]
