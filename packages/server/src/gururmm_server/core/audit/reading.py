"""Reading and checking the chains. Every read is recorded before its answer is given."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from gururmm_server.core.access.scope import Scope, system_scope
from gururmm_server.core.audit import _repository as repository
from gururmm_server.core.audit.chains import Chain, Kind
from gururmm_server.core.audit.heads import Head, HeadBook, by_chain
from gururmm_server.core.audit.store import head_book
from gururmm_server.core.component import House
from gururmm_server.infra.database import Database
from gururmm_server.infra.errors import NotFound
from gururmm_server.infra.paging import Page, PageQuery

SORTS = repository.SORTS
Filter = repository.Filter

_CHAINS: tuple[Chain, ...] = ("tunnel_audit", "audit_log")
SIGNED_WITHIN = timedelta(minutes=5)
"""Heads are signed within a minute; a worker may be restarting."""
_PICTURES = 0x2400
"""Unicode's Control Pictures begin here: U+2400 stands for NUL, and so on."""


class Entry(BaseModel):
    """One row of a chain. `kind` tunnel: what was done to machines; admin: what was done to the product."""

    id: str
    seq: int
    at: datetime
    kind: Kind
    operation: str
    actor: str | None = Field(description="E-mail address")
    agent_id: UUID | None
    hostname: str | None
    session_id: UUID | None
    channel_id: int | None
    details: dict[str, Any]
    input: str | None = Field(description="What was typed or sent, control characters made visible")
    hash: str


class Verified(BaseModel):
    """Whether both chains are whole. `first_bad` is the number of the first row that does not fit."""

    ok: bool
    rows: int
    first_bad: int | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What checking one chain of one Partner found."""

    tenant_id: UUID
    partner_name: str
    chain: Chain
    rows: int
    first_bad: int | None
    """The first number that does not fit, or whose row was signed and is not there any more."""
    signed: int = 0
    """The number of the newest row whose hash was signed."""
    unsigned_since: datetime | None = None
    """When the first row after that was written; None where there is none, or where no signatures were asked for."""

    @property
    def waits_too_long(self) -> bool:
        """Tells whether a row should have been signed long ago: then no worker signs, or it refuses to."""
        return self.unsigned_since is not None and datetime.now(UTC) - self.unsigned_since > SIGNED_WITHIN

    @property
    def ok(self) -> bool:
        return self.first_bad is None and not self.waits_too_long

    @property
    def state(self) -> str:
        """Returns what was found, in words for the operator."""
        if self.first_bad is not None:
            return f"BROKEN at row {self.first_bad}"
        if self.waits_too_long:
            return f"NOT SIGNED since {self.unsigned_since:%Y-%m-%d %H:%M} UTC"
        return f"whole, signed up to row {self.signed}" if self.signed else "whole"


class AuditReading:
    """For admins: a Partner's own chains, and nothing unrecorded."""

    def __init__(self, db: Database, heads: HeadBook | None = None) -> None:
        """`heads`: the signed ones; without them an end that was cut off together with its head is not seen."""
        self._db = db
        self._heads = heads

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db, head_book(house.settings))

    async def page(self, reader: Scope, chosen: Filter, query: PageQuery) -> Page[Entry]:
        """Returns a page of the chosen rows, as far as the reader sees them; who it is goes into the meta-audit."""
        asked = asdict(chosen) | {"search": query.search, "limit": query.limit, "continued": query.after is not None}
        async with self._db.audit_reader(reader) as tx:
            await repository.record_read(
                tx, reader.subject.name, {key: value for key, value in asked.items() if value is not None}
            )
            found = await repository.page(tx, chosen, query)
        async with self._db.scope(reader) as tx:
            names = await repository.hostnames(tx, [row.agent_id for row in found.items if row.agent_id])
        items = [_entry(row, names) for row in found.items]
        return Page[Entry](items=items, next_cursor=found.next_cursor, total=found.total)

    async def verify(self, reader: Scope) -> Verified:
        """Recompute both chains."""
        async with self._db.audit_reader(reader) as tx:
            await repository.record_read(tx, reader.subject.name, {"verify": True})
        signed = None if self._heads is None else (await self._heads.read()).heads(reader.tenant_id)
        verdicts = await _verify_tenant(self._db, reader.tenant_id, signed)
        bad = [verdict.first_bad for verdict in verdicts if verdict.first_bad is not None]
        return Verified(ok=not bad, rows=sum(verdict.rows for verdict in verdicts), first_bad=bad[0] if bad else None)


async def verify_all(
    db: Database, partners: Mapping[UUID, str], tenant_id: UUID | None = None, heads: HeadBook | None = None
) -> list[Verdict]:
    """Checks the chains of one Partner, or of all that there are (id to name): for the operator's command line.

    The chains of a Partner that is not there any more are checked too, under an empty name, where it is asked for or a
    signed head bears its id. Raises `NotFound` for an id that no Partner has and no row bears, and `HeadsBroken`.
    """
    signed = None if heads is None else (await heads.read()).heads(tenant_id)
    gone = {head.tenant_id: "" for head in signed or () if head.tenant_id not in partners}
    chosen = {**partners, **gone} if tenant_id is None else {tenant_id: partners.get(tenant_id, "")}
    verdicts = [
        verdict for tenant, name in chosen.items() for verdict in await _verify_tenant(db, tenant, signed, name)
    ]
    if not chosen.keys() <= partners.keys() | gone.keys() and not any(verdict.rows for verdict in verdicts):
        raise NotFound(f"There is no Partner {tenant_id}: leave --tenant out to see all of them with their ids.")
    return verdicts


async def _verify_tenant(
    db: Database, tenant_id: UUID, signed: Sequence[Head] | None, partner_name: str = ""
) -> list[Verdict]:
    verdicts = []
    for chain in _CHAINS:
        heads = [head for head in by_chain(signed or (), chain) if head.tenant_id == tenant_id]
        async with db.audit_reader(system_scope(tenant_id)) as tx:
            row = await repository.verify(tx, chain, heads)
        bad = [number for number in (row.first_bad, row.missing) if number is not None]
        verdicts.append(
            Verdict(
                tenant_id,
                partner_name,
                chain,
                row.row_count,
                min(bad, default=None),
                signed=max((head.seq for head in heads), default=0),
                unsigned_since=None if signed is None else row.unsigned_since,
            )
        )
    return verdicts


def visible(data: bytes) -> str:
    """Returns bytes as text in which every control character can be seen; what is no UTF-8 in hexadecimal."""
    return "".join(_visible(character) for character in data.decode("utf-8", "backslashreplace"))


def _visible(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(_PICTURES + code)
    if code == 0x7F:
        return chr(_PICTURES + 0x21)
    # Also what changes the direction or the look of text around it.
    return character if character.isprintable() else f"\\u{code:04x}"


def _entry(row: repository.Entry, names: dict[UUID, str]) -> Entry:
    return Entry(
        id=row.id,
        seq=row.seq,
        at=row.at,
        kind=row.kind,
        operation=row.operation,
        actor=row.actor,
        agent_id=row.agent_id,
        hostname=names.get(row.agent_id) if row.agent_id else None,
        session_id=row.session_id,
        channel_id=row.channel_id,
        details=row.details,
        input=None if row.input is None else visible(row.input),
        hash=row.hash.hex(),
    )
