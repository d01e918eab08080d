"""A tech session outlives its browser's page, for as long as the Partner says."""

from gururmm_server.migrations.sql import run_file

revision = "0027"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0027_terminal_grace.sql")
