"""What each component offers of its tables to the SQL of others: views, and nothing else."""

from gururmm_server.migrations.sql import run_file

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0013_owned_tables.sql")
