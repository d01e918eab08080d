"""Passkeys, and the challenges that they answer."""

from gururmm_server.migrations.sql import run_file

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0039_passkeys.sql")
