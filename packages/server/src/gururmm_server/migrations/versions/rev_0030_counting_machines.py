"""Counting a Partner's machines reads an index alone."""

from gururmm_server.migrations.sql import run_file

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0030_counting_machines.sql")
