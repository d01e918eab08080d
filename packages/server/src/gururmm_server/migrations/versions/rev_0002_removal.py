"""Removing a machine leaves its tech sessions, and a trace by which it learns that it was removed."""

from gururmm_server.migrations.sql import run_file

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0002_removal.sql")
