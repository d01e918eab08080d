"""A signed order ends with its command; gateways read no script."""

from gururmm_server.migrations.sql import run_file

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0016_orders_end.sql")
