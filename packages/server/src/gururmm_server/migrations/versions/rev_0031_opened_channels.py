"""A gateway asks which channels were opened at an agent."""

from gururmm_server.migrations.sql import run_file

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0031_opened_channels.sql")
