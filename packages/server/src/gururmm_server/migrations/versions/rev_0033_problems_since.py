"""Since when each of a machine's problems holds."""

from gururmm_server.migrations.sql import run_file

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0033_problems_since.sql")
