"""The history of inventory has bounds: a day's rows are counted, and a year later they go."""

from gururmm_server.migrations.sql import run_file

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0003_inventory_history.sql")
