"""Machines with one key are kept, and none of them is let in."""

from gururmm_server.migrations.sql import run_file

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0018_doubles.sql")
