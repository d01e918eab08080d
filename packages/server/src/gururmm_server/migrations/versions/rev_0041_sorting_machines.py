"""Sorting the fleet reads an index from where a page begins."""

from gururmm_server.migrations.sql import run_file

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0041_sorting_machines.sql")
