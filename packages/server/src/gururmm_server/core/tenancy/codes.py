"""Site codes: what a technician gives to a machine so that it may enrol at a Site."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, Self
from uuid import UUID

from gururmm_server.core.access.scope import Scope, system_scope
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.component import House
from gururmm_server.core.tenancy import _codes_repository as repository
from gururmm_server.core.tenancy._codes_repository import CodeRow, LeadRow
from gururmm_server.core.tenancy.errors import CodeNotFound, SiteNotFound
from gururmm_server.core.tenancy.install_command import install_command
from gururmm_server.core.tenancy.schemas import Code, Codes, NewCode
from gururmm_server.infra.clock import now
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.ids import new_id

_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 characters that are not mistaken for each other when a code is read out: twelve of them are 60 bits."""
_GROUPS: Final = 3
_GROUP: Final = 4

State = Literal["active", "expired", "used_up", "revoked"]


@dataclass(frozen=True, slots=True)
class CodeSite:
    """Where a code leads, in names for people."""

    partner_name: str
    client_name: str
    site_name: str
    usable: bool


class SiteCodes:
    """Makes, shows and revokes codes; finds where one leads."""

    def __init__(self, db: Database, public_url: str) -> None:
        self._db = db
        self._public_url = public_url.rstrip("/")

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db, house.settings.public_url)

    async def list(self, caller: Scope, site_id: UUID) -> Codes:
        """Returns a Site's codes, newest first. Raises `SiteNotFound`."""
        async with self._db.scope(caller) as tx:
            await _check_site(tx, site_id)
            rows = await repository.codes_of_site(tx, site_id)
        return Codes(items=[self._code(row) for row in rows])

    async def create(self, caller: Scope, site_id: UUID, new: NewCode) -> Code:
        """Raises `SiteNotFound`."""
        async with self._db.scope(caller) as tx:
            await _check_site(tx, site_id)
            return await self._add(tx, caller, site_id, new)

    async def rotate(self, caller: Scope, site_id: UUID, new: NewCode) -> Code:
        """Revoke all of a Site's codes and make a new one. Raises `SiteNotFound`."""
        async with self._db.scope(caller) as tx:
            await _check_site(tx, site_id)
            details = {"site_id": site_id}
            await append(tx, "audit_log", AuditRow("site_codes.revoked", caller.subject, details=details))
            await repository.revoke_all(tx, site_id)
            return await self._add(tx, caller, site_id, new)

    async def revoke(self, caller: Scope, site_id: UUID, code_id: UUID) -> Code:
        """Revoke a code; again is no error. Raises `CodeNotFound`."""
        async with self._db.scope(caller) as tx:
            await append(
                tx,
                "audit_log",
                AuditRow("site_code.revoked", caller.subject, details={"site_id": site_id, "code_id": code_id}),
            )
            row = await repository.revoke_one(tx, site_id, code_id)
            if row is None:
                raise CodeNotFound
        return self._code(row)

    async def find(self, code: str) -> CodeSite | None:
        """Returns where a code leads, for the install page; None when it was never made. Does not count as a use."""
        tenant_id = await tenant_of_code(self._db, code)
        if tenant_id is None:
            return None
        async with self._db.scope(system_scope(tenant_id)) as tx:
            row = await repository.where_code_leads(tx, normal_code(code))
        if row is None:
            return None
        return CodeSite(row.partner_name, row.client_name, row.site_name, state_of(row) == "active")

    async def _add(self, tx: Transaction, caller: Scope, site_id: UUID, new: NewCode) -> Code:
        code_id = new_id()
        expires_at = now() + timedelta(hours=new.expires_in_h) if new.expires_in_h else None
        details = {"site_id": site_id, "code_id": code_id, "expires_at": expires_at, "max_uses": new.max_uses}
        await append(tx, "audit_log", AuditRow("site_code.created", caller.subject, details=details))
        code = repository.NewCodeRow(code_id, site_id, new_code(), caller.subject.name, expires_at, new.max_uses)
        return self._code(await repository.add_code(tx, code))

    def _code(self, row: CodeRow) -> Code:
        return Code(
            id=row.code_id,
            code=row.code,
            created_at=row.created_at,
            created_by=row.created_by,
            expires_at=row.expires_at,
            max_uses=row.max_uses,
            uses=row.uses,
            revoked_at=row.revoked_at,
            state=state_of(row),
            install_command=install_command(self._public_url, row.code),
            landing_url=f"{self._public_url}/install/{row.code}",
        )


def new_code() -> str:
    """Returns a new code, like K7QF-3M9P-W2XD."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))


def normal_code(text: str) -> str:
    """Returns a code as it is stored, from how somebody typed it: lower case and other separators are forgiven."""
    letters = "".join(character for character in text.upper()[:64] if character in _ALPHABET)
    return "-".join(letters[start : start + _GROUP] for start in range(0, len(letters), _GROUP))


def state_of(row: CodeRow | LeadRow, moment: datetime | None = None) -> State:
    """Returns what a code's row says about its use at a moment (now)."""
    if row.revoked_at is not None:
        return "revoked"
    if row.expires_at is not None and row.expires_at <= (moment or now()):
        return "expired"
    return "used_up" if row.max_uses is not None and row.uses >= row.max_uses else "active"


async def tenant_of_code(db: Database, code: str) -> UUID | None:
    """Returns the Partner that a code belongs to, before anything else is known; None where there is no such code."""
    async with db.identity() as tx:
        return await repository.tenant_of(tx, normal_code(code))


async def _check_site(tx: Transaction, site_id: UUID) -> None:
    if not await repository.site_exists(tx, site_id):
        raise SiteNotFound


@dataclass(frozen=True, slots=True)
class Admission:
    """Where a machine with a code belongs, and whether the code still lets a new one in."""

    code_id: UUID
    client_id: UUID
    client_name: str
    site_id: UUID
    site_name: str
    state: State


async def lock_admission(tx: Transaction, code: str) -> Admission | None:
    """Returns where a code leads, in its tenant's scope.

    Until the transaction ends nobody else uses it and no name changes.
    """
    row = await repository.where_code_leads(tx, normal_code(code), lock=True)
    if row is None:
        return None
    return Admission(row.code_id, row.client_id, row.client_name, row.site_id, row.site_name, state_of(row))


async def count_use(tx: Transaction, admission: Admission) -> None:
    """Count that a new machine came in with this code."""
    await repository.count_use(tx, admission.code_id)
