"""Reading and checking the chains. Every read is recorded before its answer is given."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from gururmm_server.core.access.scope import Scope, system_scope
from gururmm_server.core.audit import _repository as repository
from gururmm_server.core.audit.service import Chain
from gururmm_server.infra.database import Database, Row
from gururmm_server.infra.errors import NotFound
from gururmm_server.infra.paging import Page, PageQuery

SORTS = repository.SORTS
Filter = repository.Filter
Kind = Literal["tunnel", "admin"]

_CHAINS: tuple[Chain, ...] = ("tunnel_audit", "audit_log")
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

    @property
    def ok(self) -> bool:
        return self.first_bad is None


class AuditReading:
    """For admins: a Partner's own chains, and nothing unrecorded."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(self, reader: Scope, chosen: Filter, query: PageQuery) -> Page[Entry]:
        """Returns a page of the chosen rows, as far as the reader sees them; who it is goes into the meta-audit."""
        asked = asdict(chosen) | {"search": query.search, "limit": query.limit, "continued": query.after is not None}
        async with self._db.audit_reader(reader) as tx:
            await repository.record_read(
                tx, reader.subject.name, {key: value for key, value in asked.items() if value is not None}
            )
            rows, total = await repository.page(tx, chosen, query)
        page, following = query.cut(rows)
        async with self._db.scope(reader) as tx:
            names = await repository.hostnames(tx, [row["agent_id"] for row in page if row["agent_id"]])
        return Page[Entry](items=[_entry(row, names) for row in page], next_cursor=following, total=total)

    async def verify(self, reader: Scope) -> Verified:
        """Recompute both chains."""
        async with self._db.audit_reader(reader) as tx:
            await repository.record_read(tx, reader.subject.name, {"verify": True})
        verdicts = await _verify_tenant(self._db, reader.tenant_id)
        bad = [verdict.first_bad for verdict in verdicts if verdict.first_bad is not None]
        return Verified(ok=not bad, rows=sum(verdict.rows for verdict in verdicts), first_bad=bad[0] if bad else None)


async def verify_all(db: Database, tenant_id: UUID | None = None) -> list[Verdict]:
    """Check the chains of one Partner, or of all: for the operator's command line.

    The chains of a Partner that is not there any more are checked too, under an empty name. Raises `NotFound` for an
    id that no Partner has and no row bears.
    """
    async with db.identity() as tx:
        tenants = await repository.every_tenant(tx)
    chosen = tenants if tenant_id is None else {tenant_id: tenants.get(tenant_id, "")}
    verdicts = [verdict for tenant, name in chosen.items() for verdict in await _verify_tenant(db, tenant, name)]
    if not chosen.keys() <= tenants.keys() and not any(verdict.rows for verdict in verdicts):
        raise NotFound(f"There is no Partner {tenant_id}: leave --tenant out to see all of them with their ids.")
    return verdicts


async def _verify_tenant(db: Database, tenant_id: UUID, partner_name: str = "") -> list[Verdict]:
    verdicts = []
    for chain in _CHAINS:
        async with db.audit_reader(system_scope(tenant_id)) as tx:
            row = await repository.verify(tx, chain)
        verdicts.append(Verdict(tenant_id, partner_name, chain, row["row_count"], row["first_bad"]))
    return verdicts


def visible(data: bytes) -> str:
    """Bytes as text in which every control character can be seen; bytes that are no UTF-8 in hexadecimal."""
    return "".join(_visible(character) for character in data.decode("utf-8", "backslashreplace"))


def _visible(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(_PICTURES + code)
    if code == 0x7F:
        return chr(_PICTURES + 0x21)
    # Also what changes the direction or the look of text around it.
    return character if character.isprintable() else f"\\u{code:04x}"


def _entry(row: Row, names: dict[UUID, str]) -> Entry:
    return Entry(
        id=row["id"],
        seq=row["seq"],
        at=row["at"],
        kind=row["kind"],
        operation=row["operation"],
        actor=row["actor"],
        agent_id=row["agent_id"],
        hostname=names.get(row["agent_id"]),
        session_id=row["session_id"],
        channel_id=row["channel_id"],
        details=row["details"],
        input=None if row["input"] is None else visible(row["input"]),
        hash=row["hash"].hex(),
    )
