"""Functions that run with their owner's rights cannot be led astray, and the audit's heads can be signed."""

from gururmm_server.migrations.sql import run_file

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0006_definer_functions.sql")
