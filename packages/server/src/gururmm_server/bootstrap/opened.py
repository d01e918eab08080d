"""What every process opens first: logs, the database with a schema that fits, and the bus."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gururmm_server.infra import outbox, schema
from gururmm_server.infra.database import Database
from gururmm_server.infra.kinds import Kind
from gururmm_server.infra.logging import configure_logging
from gururmm_server.infra.nats import Bus
from gururmm_server.settings import ProcessSettings

_STATEMENT_LIMIT_S = {Kind.API: 20.0}
"""People wait for an api, and its connections are for all Partners; what workers and gateways write takes its time."""


@asynccontextmanager
async def opened_database(settings: ProcessSettings, kind: Kind, process: str = "") -> AsyncIterator[Database]:
    """The database alone, for a process of this kind; a command that does a kind's work has a name of its own.

    Raises `StartError` when the database can't be used, its schema is not this build's, or the login not this kind's.
    """
    process = process or kind
    configure_logging(process, settings.log_format)
    await schema.check_revision(settings.database_url)
    await schema.check_login(settings.database_url, kind)
    db = Database(
        settings.database_url,
        pool_size=settings.pool_size,
        application=f"gururmm-{process}",
        statement_limit_s=_STATEMENT_LIMIT_S.get(kind, 0),
    )
    await db.open()
    try:
        yield db
    finally:
        await db.close()


@asynccontextmanager
async def opened(settings: ProcessSettings, kind: Kind, process: str = "") -> AsyncIterator[tuple[Database, Bus]]:
    """The database and the bus. Raises `StartError`."""
    async with opened_database(settings, kind, process) as db:
        bus = Bus(settings.nats_url, name=f"gururmm-{process or kind}", kind=kind)
        await bus.open()
        try:
            outbox.connect(db, bus)
            yield db, bus
        finally:
            await bus.close()
