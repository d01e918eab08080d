"""Acting once for each key, and saying the first answer again."""

import hashlib
import os
import zlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from nacl.bindings import crypto_secretbox, crypto_secretbox_NONCEBYTES, crypto_secretbox_open

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.access.subject import Subject
from gururmm_server.core.component import House
from gururmm_server.core.idempotency import _repository as repository
from gururmm_server.core.idempotency._repository import FirstAnswer
from gururmm_server.core.idempotency.errors import AnswerNotKept, OtherRequest, SameKeyNow
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.errors import GuruError

_KEPT_BYTES: Final = 4 * 1024 * 1024
"""The longest answer that is kept. That of 5,000 commands with a short script has 3 MB."""
_PERSON_LOOKUP: Final = b"gururmm key"
_PERSON_SEAL: Final = b"gururmm answer"


@dataclass(frozen=True, slots=True)
class Keyed:
    """A request that came with a key: who sends it, where to, with which body."""

    subject: Subject
    scope: Scope | None
    """None for Platform staff outside of any Partner."""
    key: str
    route: str
    body: bytes

    @property
    def tenant_id(self) -> UUID | None:
        """Returns the Partner inside of which it acts."""
        return None if self.scope is None else self.scope.tenant_id


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer as it goes over the wire: JSON, or nothing."""

    status: int
    body: bytes


class FirstAnswers:
    """Stands around acts. An answer holds codes and links, so it is sealed with the key, of which a hash is kept."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db)

    async def once(self, keyed: Keyed, act: Callable[[], Awaitable[Answered]]) -> tuple[Answered, bool]:
        """Acts, all in one transaction with the key, unless that was done before. Returns the answer, and whether it
        is the first one said again.

        Raises what the act raises, `OtherRequest` where the key came with another request, `AnswerNotKept`, and
        `OutcomeUnknown` where the database went away and does not tell what became of it.
        """
        subject_id = keyed.subject.id
        if subject_id is None:
            return await act(), False
        try:
            async with self._db.whole(keyed.tenant_id) as whole:
                answered = await act()
                if whole.begun and answered.status < 400:
                    await self._keep(keyed, subject_id, answered)
            return answered, False
        except GuruError as error:
            # The act is tried first, for the many that come once: one that was done before fails, by the key at last.
            first = await self._first(keyed, subject_id, error)
            if first is None:
                raise
            return first, True

    async def _keep(self, keyed: Keyed, subject_id: UUID, answered: Answered) -> None:
        sealed = _seal(keyed.key, answered.body) if len(answered.body) <= _KEPT_BYTES else b""
        first = FirstAnswer(_request_hash(keyed), answered.status, sealed)
        async with self._scope(keyed) as tx:
            if not await repository.keep(tx, subject_id, _key_hash(keyed), first):
                raise SameKeyNow

    async def _first(self, keyed: Keyed, subject_id: UUID, error: GuruError) -> Answered | None:
        """Returns the first answer; None where there is none. Raises `error` where the database does not say."""
        try:
            async with self._scope(keyed) as tx:
                first = await repository.find(tx, subject_id, _key_hash(keyed))
        except GuruError:
            raise error from None
        if first is None:
            return None
        if first.request_hash != _request_hash(keyed):
            raise OtherRequest
        if not first.answer:
            raise AnswerNotKept
        return Answered(first.status, _open(keyed.key, first.answer))

    def _scope(self, keyed: Keyed) -> AbstractAsyncContextManager[Transaction]:
        return self._db.identity() if keyed.scope is None else self._db.scope(keyed.scope)


def _key_hash(keyed: Keyed) -> bytes:
    partner = b"" if keyed.tenant_id is None else keyed.tenant_id.bytes
    said = b"\0".join((keyed.route.encode(), partner, keyed.key.encode()))
    return hashlib.blake2b(said, digest_size=32, person=_PERSON_LOOKUP).digest()


def _request_hash(keyed: Keyed) -> bytes:
    return hashlib.sha256(keyed.body).digest()


def _seal(key: str, body: bytes) -> bytes:
    nonce = os.urandom(crypto_secretbox_NONCEBYTES)
    sealed: bytes = crypto_secretbox(zlib.compress(body, 1), nonce, _sealing_key(key))
    return nonce + sealed


def _open(key: str, sealed: bytes) -> bytes:
    nonce, box = sealed[:crypto_secretbox_NONCEBYTES], sealed[crypto_secretbox_NONCEBYTES:]
    return zlib.decompress(crypto_secretbox_open(box, nonce, _sealing_key(key)))


def _sealing_key(key: str) -> bytes:
    return hashlib.blake2b(key.encode(), digest_size=32, person=_PERSON_SEAL).digest()
