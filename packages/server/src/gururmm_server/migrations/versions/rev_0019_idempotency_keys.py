"""Requests that create act once for each key."""

from gururmm_server.migrations.sql import run_file

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0019_idempotency_keys.sql")
