"""Commands beside a running GuruRMM: its Platform admins, its audit, the keys that agents trust."""

import asyncio
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import typer

from gururmm_server.bootstrap.options import (
    DATA,
    AuditKeyFile,
    AuditPublicKey,
    AuditStore,
    Data,
    DatabaseUrl,
    PublicUrl,
    own_url,
)
from gururmm_server.infra import given
from gururmm_server.infra.embedded.data_dir import AUDIT_HEADS, AUDIT_PUBLIC_KEY, DataDir
from gururmm_server.infra.errors import StartError
from gururmm_server.infra.kinds import Kind
from gururmm_server.settings import ProcessSettings

# Imported where they are used: `--help` is quick because the server's parts stay out.

admin = typer.Typer(no_args_is_help=True, help="Platform administration from the server's own terminal.")
audit = typer.Typer(no_args_is_help=True, help="The audit trail.")
keys = typer.Typer(no_args_is_help=True, help="The keys that agents trust.")


@admin.command("create")
def admin_create(
    *,
    email: Annotated[str, typer.Option(help="Who shall sign in.")],
    name: Annotated[str, typer.Option(help="What to call them.")] = "",
    data: Data = DATA,
    database_url: DatabaseUrl = "",
    public_url: PublicUrl = "",
) -> None:
    """Make a Platform admin and print a link, good for one sign-in, that sets their password."""
    from gururmm_server.bootstrap.administration import create_admin

    settings = _settings(data, database_url, public_url)
    link = asyncio.run(create_admin(settings, email, name or email.partition("@")[0]))
    typer.echo(link)


@admin.command("reset-factor")
def admin_reset_factor(
    *,
    email: Annotated[str, typer.Option(help="Who lost their second factor, and has proved to you who they are.")],
    data: Data = DATA,
    database_url: DatabaseUrl = "",
) -> None:
    """Take a person's second factor away and end their sign-ins: their password alone is enough then."""
    from gururmm_server.bootstrap.administration import reset_factor

    asyncio.run(reset_factor(_settings(data, database_url, ""), email))
    typer.echo(f"{email} signs in with their password alone now.")


@audit.command("verify")
def audit_verify(
    *,
    tenant: Annotated[UUID | None, typer.Option(help="One Partner's id; all of them otherwise.")] = None,
    data: Data = DATA,
    database_url: DatabaseUrl = "",
    audit_store: AuditStore = None,
    audit_public_key: AuditPublicKey = "",
) -> None:
    """Check the chains of hashes, and that every row that was signed is there; exit 1 when one is broken."""
    from gururmm_server.bootstrap.administration import verify_audit

    settings = _settings(data, database_url, "")
    if not database_url:
        folder = DataDir(data)
        audit_store = audit_store or folder.root / AUDIT_HEADS
        audit_public_key = audit_public_key or folder.remembered(AUDIT_PUBLIC_KEY)
    settings = replace(settings, audit_store=audit_store, audit_public_key=audit_public_key)
    results = asyncio.run(verify_audit(settings, tenant))
    for result in results:
        typer.echo(f"{result.tenant_id}  {result.partner_name}  {result.chain}  {result.rows} rows  {result.state}")
    if not audit_public_key or audit_store is None:
        typer.echo("Without --audit-store and --audit-public-key an end that was cut off is not seen.", err=True)
    if not any(result.rows for result in results):
        typer.echo("There is nothing to verify: no row was written yet.")
    if not all(result.ok for result in results):
        raise typer.Exit(1)


@audit.command("public-key")
def audit_public_key(*, audit_key_file: AuditKeyFile) -> None:
    """Print the public half of the key that signs the audit's heads."""
    from gururmm_server.core.audit.store import audit_key

    typer.echo(audit_key(ProcessSettings(database_url="", nats_url="", audit_key_file=audit_key_file)).public.hex())


class Rotated(StrEnum):
    """The keys that can be changed while agents are in the field."""

    ORDER = "order"


@keys.command("status")
def keys_status(*, data: Data = DATA, database_url: DatabaseUrl = "") -> None:
    """Show every key that signs what agents do, or did, the oldest first."""
    _order_keys("status", data, database_url)


@keys.command("rotate")
def keys_rotate(
    which: Annotated[Rotated, typer.Argument(help="Which key.")], *, data: Data = DATA, database_url: DatabaseUrl = ""
) -> None:
    """Add a key, and tell every agent of it. The old one is accepted until it is retired."""
    assert which is Rotated.ORDER
    _order_keys("rotate", data, database_url)


@keys.command("retire")
def keys_retire(
    which: Annotated[Rotated, typer.Argument(help="Which key.")],
    *,
    at_once: Annotated[
        bool, typer.Option(help="Within a week of the rotation: commands on their way are then refused.")
    ] = False,
    data: Data = DATA,
    database_url: DatabaseUrl = "",
) -> None:
    """Let agents forget every key but the newest."""
    assert which is Rotated.ORDER
    _order_keys("retire", data, database_url, at_once=at_once)


def _order_keys(
    act: Literal["status", "rotate", "retire"], data: Path, database_url: str, *, at_once: bool = False
) -> None:
    from gururmm_server.bootstrap.administration import order_keys

    for key in asyncio.run(order_keys(_settings(data, database_url, ""), act, at_once=at_once)):
        until = "" if key.retired_at is None else f", retired {key.retired_at:%Y-%m-%d %H:%M}"
        typer.echo(f"order  {key.key_id}  {key.state:9}  signs from {key.signs_from:%Y-%m-%d %H:%M}{until} UTC")


def _settings(data: Path, database_url: str, public_url: str) -> ProcessSettings:
    """For a command beside a running GuruRMM: its embedded database, or the one that was given."""
    return ProcessSettings(
        database_url=own_url(Kind.API, "--database-url", database_url) or embedded(data).url(Kind.API),
        nats_url="",
        public_url=given.public_url(public_url) or DataDir(data).remembered("url") or "http://127.0.0.1:8080",
    )


def embedded(data: Path) -> Any:
    """Returns the database that a GuruRMM keeps in this folder. Raises `StartError` where there is none."""
    from gururmm_server.infra.embedded.postgres import EmbeddedPostgres

    folder = DataDir(data)
    if not folder.known_port("postgres"):
        raise StartError(
            f"There is no GuruRMM in {folder.root}: start it with `gururmm up`, "
            "or say where it is with --data or --database-url."
        )
    return EmbeddedPostgres(folder)
