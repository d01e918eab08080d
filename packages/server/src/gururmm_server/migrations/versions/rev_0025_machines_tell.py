"""What machines tell of themselves: their clock, and what their agents cannot do."""

from gururmm_server.migrations.sql import run_file

revision = "0025"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0025_machines_tell.sql")
