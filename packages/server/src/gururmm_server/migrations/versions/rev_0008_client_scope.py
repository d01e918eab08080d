"""A scope is narrowed to Clients by the database itself; the feed's rows say who may read them."""

from gururmm_server.migrations.sql import run_file

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0008_client_scope.sql")
