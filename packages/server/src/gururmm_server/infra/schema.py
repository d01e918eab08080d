"""Moving the database's schema forward, and saying whether it fits this build."""

import asyncio
import secrets
from collections.abc import Mapping
from importlib.resources import files

import asyncpg
from gururmm_wire.orders import key_id
from nacl.bindings import crypto_sign_seed_keypair

from gururmm_server.infra.connections import redact
from gururmm_server.infra.errors import StartError
from gururmm_server.infra.kinds import Kind


def latest_revision() -> str:
    """The revision that this build works with: the highest of `migrations/versions/rev_<revision>_<what>.py`.

    Every process asks this at its start, so it does without Alembic, which takes a second to import.
    """
    scripts = files("gururmm_server.migrations.versions").iterdir()
    return max(script.name.split("_")[1] for script in scripts if script.name.startswith("rev_"))


async def migrate(url: str) -> None:
    """Bring the schema to this build's revision and make the secrets that are missing. Raises `StartError`."""
    await _check_server(url)
    try:
        await asyncio.to_thread(upgrade, url)
        await _ensure_secrets(url)
        await _ensure_closed(url)
    except asyncpg.InsufficientPrivilegeError as error:
        raise StartError(
            f"The login of {redact(url)} may not change the schema ({error}): give the owner's, "
            "with --database-url to `gururmm migrate`, with --owner-database-url to `gururmm up`."
        ) from error
    except (asyncpg.PostgresError, OSError) as error:
        raise StartError(
            f"The migration of {redact(url)} failed and was rolled back ({error}): mend that, then run it again."
        ) from error


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the schema to a revision, and no further. Blocks.

    Raises what the database said, not SQLAlchemy's wrapping of it.
    """
    from alembic import command
    from alembic.config import Config
    from sqlalchemy.exc import DBAPIError

    config = Config()
    config.set_main_option("script_location", "gururmm_server:migrations")
    # SQLAlchemy reads URLs in its own way, and knows no sslmode.
    config.attributes["connect"] = lambda: asyncpg.connect(url, timeout=10)
    try:
        command.upgrade(config, revision)
    except DBAPIError as error:
        raise _said_by_the_database(error) from error


def _said_by_the_database(error: BaseException) -> BaseException:
    """The driver's own error among the causes; the outermost where there is none."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, asyncpg.PostgresError):
        cause = cause.__cause__
    return cause or error


async def check_revision(url: str) -> None:
    """Raise `StartError` unless the schema is the one this build works with."""
    connection = await _connect(url)
    try:
        there = await connection.fetchval("select to_regclass('core.schema_version')")
        current = await connection.fetchval("select version_num from core.schema_version") if there else None
    except asyncpg.PostgresError as error:
        raise StartError(f"The schema of {redact(url)} cannot be read: {error}.") from error
    finally:
        await connection.close()
    if current != latest_revision():
        raise StartError(
            f"The schema of {redact(url)} is {current or 'empty'}, this build needs {latest_revision()}: "
            "run `gururmm migrate --database-url …` once, then start again."
        )


async def open_logins(url: str, passwords: Mapping[Kind, str]) -> None:
    """Let each kind of process sign in with its password, as the login that the migration made. Raises `StartError`."""
    connection = await _connect(url)
    try:
        for kind, password in passwords.items():
            statement = await connection.fetchval(
                "select format('alter role %I login password %L', $1::text, $2::text)", kind.login, password
            )
            await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError as error:
        raise StartError(
            f"The login of {redact(url)} may not open the processes' logins ({error}): whoever made them can, with "
            "`alter role gururmm_login_… login password '…'`."
        ) from error
    finally:
        await connection.close()


async def check_login(url: str, kind: Kind) -> None:
    """Raise `StartError` unless the login may assume the roles of this kind of process, and no others of ours.

    A process that could do what another kind does would be worth taking for that.
    """
    connection = await _connect(url)
    try:
        found = await connection.fetch(
            r"select rolname from pg_roles where rolname like 'gururmm\_%' and rolname !~ '^gururmm_login_'"
            " and pg_has_role(session_user, oid, 'member')"
        )
    finally:
        await connection.close()
    may = {row["rolname"] for row in found}
    if may != kind.roles:
        lacks, exceeds = ", ".join(sorted(kind.roles - may)), ", ".join(sorted(may - kind.roles))
        raise StartError(
            f"The login of {redact(url)} is not made for this kind of process, {kind}: it "
            + " and ".join([f"lacks {lacks}"] * bool(lacks) + [f"may be {exceeds} as well"] * bool(exceeds))
            + f". Give {kind} its own, {kind.login}: docs/operations/database.md says how."
        )


async def _connect(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    try:
        connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(url, timeout=10)
        return connection
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError) as error:
        raise StartError(
            f"The database at {redact(url)} cannot be used: {error}. "
            "Check --database-url and that PostgreSQL runs there."
        ) from error


async def _check_server(url: str) -> None:
    connection = await _connect(url)
    try:
        version = connection.get_server_version()
        superuser = await connection.fetchval("select rolsuper from pg_roles where rolname = current_user")
    finally:
        await connection.close()
    if version.major < 15:
        raise StartError(f"PostgreSQL {version.major} at {redact(url)} is too old: 15 or newer is needed.")
    if superuser:
        raise StartError(
            f"The login of {redact(url)} is a superuser, and the schema's functions would run with its rights: "
            "give the plain owner's (docs/operations/database.md says how to make it)."
        )


async def _ensure_closed(url: str) -> None:
    """Take from everybody what a new database gives them: temporary objects, and the right to make schemas.

    Comes with every migration, because neither a copy nor a restored backup keeps the rights on the database itself.
    Raises `StartError` where the login may not.
    """
    connection = await _connect(url)
    try:
        database = await connection.fetchval("select quote_ident(current_database())")
        await connection.execute(f"revoke temporary, create on database {database} from public")
        if await connection.fetchval("select has_database_privilege('public', current_database(), 'temporary')"):
            raise StartError(
                f"Everybody may make temporary objects in the database of {redact(url)}, which only its owner can "
                f"change: as the owner, run `revoke temporary on database {database} from public`."
            )
    finally:
        await connection.close()


async def _ensure_secrets(url: str) -> None:
    """One secret per purpose, made once. Insert-or-nothing, so that two migrations at once agree."""
    seed = secrets.token_bytes(32)
    made = {
        "access_token_key": secrets.token_bytes(32),
        "agent_link_key": seed,
        "totp_key": secrets.token_bytes(32),
    }
    connection = await _connect(url)
    try:
        async with connection.transaction():
            # The owner is bound by forced row-level security too, unless it is a superuser.
            await connection.execute("alter table core.server_secrets no force row level security")
            for name, value in made.items():
                await connection.execute(
                    "insert into core.server_secrets (name, value) values ($1, $2) on conflict do nothing", name, value
                )
            kept = await connection.fetchval("select value from core.server_secrets where name = 'agent_link_key'")
            await connection.execute(
                "insert into core.server_secrets (name, value) values ('agent_link_public_key', $1) "
                "on conflict do nothing",
                crypto_sign_seed_keypair(kept)[0],
            )
            await _ensure_order_key(connection)
            await connection.execute("alter table core.server_secrets force row level security")
    finally:
        await connection.close()


async def _ensure_order_key(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """The first key that signs orders; the lock on the secrets lets one migration make it."""
    if await connection.fetchval("select exists (select from core.order_keys)"):
        return
    seed = secrets.token_bytes(32)
    public_key = crypto_sign_seed_keypair(seed)[0]
    name = f"order_key_{key_id(public_key).hex()}"
    await connection.execute("insert into core.server_secrets (name, value) values ($1, $2)", name, seed)
    await connection.execute(
        "insert into core.order_keys (key_id, public_key, signs_from) values ($1, $2, now())",
        key_id(public_key),
        public_key,
    )
