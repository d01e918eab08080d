"""How connections to PostgreSQL are made: their limits and settings, and what JSON is on them."""

import re
from typing import Any

import asyncpg
import msgspec


async def open_pool(
    url: str, *, size: int, application: str, statement_s: float, statement_limit_s: float
) -> "asyncpg.Pool[asyncpg.Record]":
    """Returns up to `size` connections, whose statements the driver gives up after `statement_s`, and the server by
    itself after `statement_limit_s` (0: never). Raises what the driver raises.
    """
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        timeout=10,
        command_timeout=statement_s,
        max_inactive_connection_lifetime=120,
        init=_prepare_connection,
        reset=_keep_as_it_is,
        server_settings={
            "application_name": application,
            "timezone": "UTC",
            "jit": "off",
            "random_page_cost": "1.1",
            "max_parallel_workers_per_gather": "0",
            "statement_timeout": str(round(statement_limit_s * 1000)),
        },
    )


async def connect(url: str, *, application: str, statement_s: float) -> Any:
    """Returns one connection, the caller's to close. Raises what the driver raises."""
    connection: Any = await asyncpg.connect(
        url,
        timeout=5,
        command_timeout=statement_s,
        server_settings={"application_name": application, "timezone": "UTC", "jit": "off"},
    )
    await _prepare_connection(connection)
    return connection


async def _keep_as_it_is(_connection: Any) -> None:
    """Spare each scope a round trip: all it sets is local to its transaction, so there is nothing to reset."""


async def _prepare_connection(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_encode_json, decoder=msgspec.json.decode, format="text"
    )


def _encode_json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


# Also where the password itself has an `@`, and where it stands among the parameters.
_PASSWORD = re.compile(r"(?<=:)(?!//)[^?]*(?=@)|(?<=[?&]password=)[^&]*")


def redact(url: str, sign: str = "…") -> str:
    """The URL with a sign in the place of its password, for messages."""
    return _PASSWORD.sub(sign, url)
