"""What an operator does from the server's own terminal, beside running processes: as an api would, with its login."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, Literal
from uuid import UUID

from gururmm_server.bootstrap.opened import opened, opened_database
from gururmm_server.core.audit.reading import Verdict, verify_all
from gururmm_server.core.audit.store import head_book
from gururmm_server.core.identity.platform_admin import create_platform_admin, reset_factors
from gururmm_server.core.orders import rotation
from gururmm_server.core.orders.rotation import KeyStatus
from gururmm_server.core.platform.demo import DemoSeed, seed
from gururmm_server.core.tenancy.partners import every_partner
from gururmm_server.infra.database import Database
from gururmm_server.infra.kinds import Kind
from gururmm_server.settings import ProcessSettings

_OPERATOR: Final = "the operator at the server's terminal"


async def seed_demo(settings: ProcessSettings, password: str) -> DemoSeed:
    """Make the demo's Partner, or find it again, and let its admin sign in with this password."""
    async with opened(settings, Kind.API, "seed") as (db, _):
        return await seed(db, password, settings.public_url)


async def create_admin(settings: ProcessSettings, email: str, name: str) -> str:
    """Make a Platform admin; the one-time link that lets them choose a password."""
    async with _quiet_database(settings, "admin") as db:
        return await create_platform_admin(db, email, name, settings.public_url)


async def reset_factor(settings: ProcessSettings, email: str) -> None:
    """Take a person's second factor away. Raises `InvalidInput` where nobody has this address."""
    async with _quiet_database(settings, "admin") as db:
        await reset_factors(db, email)


async def verify_audit(settings: ProcessSettings, tenant_id: UUID | None) -> list[Verdict]:
    """Recompute the audit chains of one Partner, or of all, and hold them against their signed heads."""
    async with _quiet_database(settings, "audit") as db:
        return await verify_all(db, await every_partner(db), tenant_id, head_book(settings))


async def order_keys(
    settings: ProcessSettings, act: Literal["status", "rotate", "retire"], *, at_once: bool
) -> list[KeyStatus]:
    """Show the keys that sign what agents do, add one, or retire all but the newest; every key there was."""
    async with _quiet_database(settings, "keys") as db:
        if act == "rotate":
            return await rotation.rotate(db, _OPERATOR)
        if act == "retire":
            return await rotation.retire(db, _OPERATOR, at_once=at_once)
        return await rotation.status(db, _OPERATOR)


@asynccontextmanager
async def _quiet_database(settings: ProcessSettings, process: str) -> AsyncIterator[Database]:
    """For a command whose answer is what the operator wants to read: it logs warnings only."""
    async with opened_database(settings, Kind.API, process) as db:
        logging.getLogger().setLevel(logging.WARNING)
        yield db
