"""What is left out of a command's output has its place and its size."""

from gururmm_server.migrations.sql import run_file

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0023_output_gaps.sql")
