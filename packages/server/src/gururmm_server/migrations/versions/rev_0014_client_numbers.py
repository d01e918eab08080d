"""A Client has a number within its Partner, and what a transaction sees is told as bits."""

from gururmm_server.migrations.sql import run_file

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0014_client_numbers.sql")
