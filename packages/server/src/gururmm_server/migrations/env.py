"""Alembic's entry: one asyncpg connection, one transaction for everything, version table `core.schema_version`."""

import asyncio

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine


def _run(connection: Connection) -> None:
    # Two migrations at once: the second waits, then finds nothing to do.
    connection.execute(text("select pg_advisory_xact_lock(726875)"))
    connection.execute(text("create schema if not exists core"))
    context.configure(connection=connection, version_table="schema_version", version_table_schema="core")
    with context.begin_transaction():
        context.run_migrations()


async def _main() -> None:
    url = context.config.get_main_option("sqlalchemy.url") or ""
    scheme, _, rest = url.partition("://")
    assert scheme in {"postgresql", "postgres"}, "a PostgreSQL URL"
    engine = create_async_engine(f"postgresql+asyncpg://{rest}", poolclass=pool.NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


asyncio.run(_main())
