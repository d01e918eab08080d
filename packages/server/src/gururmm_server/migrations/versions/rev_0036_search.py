"""What the query language compares, ready to be compared."""

from gururmm_server.migrations.sql import run_file

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0036_search.sql")
