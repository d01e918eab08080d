"""What a Partner asks of its people's sign-ins: a second factor of everybody, or of who wants one."""

from typing import Self

from gururmm_server.core.access.scope import Scope
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.component import House
from gururmm_server.core.identity import _rules_repository as repository
from gururmm_server.core.identity.schemas import SignInRules
from gururmm_server.infra.database import Database


class Rules:
    """Whoever is signed in already hears of a change when their access token is renewed, within five minutes."""

    def __init__(self, db: Database) -> None:
        self._db = db

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db)

    async def get(self, caller: Scope) -> SignInRules:
        """Returns what the caller's Partner asks."""
        async with self._db.identity(caller.tenant_id) as tx:
            return SignInRules(
                second_factor=await repository.asks_second_factor(tx, caller.tenant_id),
                people_without=await repository.people_without(tx, caller.tenant_id),
            )

    async def change(self, caller: Scope, *, second_factor: bool) -> SignInRules:
        """Changes what the caller's Partner asks."""
        async with self._db.identity(caller.tenant_id) as tx:
            details = {"second_factor": second_factor}
            await append(tx, "audit_log", AuditRow("sign_in_rules.changed", caller.subject, details=details))
            await repository.ask_second_factor(tx, caller.tenant_id, asked=second_factor)
        return await self.get(caller)
