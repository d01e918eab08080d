"""Alembic's entry: one asyncpg connection, one transaction for everything, version table `core.schema_version`."""

import asyncio

from alembic import context
from sqlalchemy import Connection, pool, text
from sqlalchemy.ext.asyncio import create_async_engine


def _run(connection: Connection) -> None:
    # Two migrations at once: the second waits, then finds nothing to do. No lock is waited for without limit.
    connection.execute(text("set local lock_timeout = '120s'"))
    connection.execute(text("select pg_advisory_xact_lock(726875)"))
    connection.execute(text("create schema if not exists core"))
    context.configure(connection=connection, version_table="schema_version", version_table_schema="core")
    with context.begin_transaction():
        context.run_migrations()


async def _main() -> None:
    connect = context.config.attributes["connect"]
    engine = create_async_engine("postgresql+asyncpg://", poolclass=pool.NullPool, async_creator=connect)
    async with engine.begin() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


asyncio.run(_main())
