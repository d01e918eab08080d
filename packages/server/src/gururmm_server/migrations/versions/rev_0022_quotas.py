"""What a Partner may use, and what it has used."""

from gururmm_server.migrations.sql import run_file

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0022_quotas.sql")
