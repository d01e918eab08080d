"""Settings of one registry, set for the Platform, a Partner or a Site."""

from gururmm_server.migrations.sql import run_file

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0034_settings.sql")
