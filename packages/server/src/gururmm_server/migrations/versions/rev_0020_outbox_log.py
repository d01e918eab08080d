"""What left the outbox stays in a log: the stream may lose it."""

from gururmm_server.migrations.sql import run_file

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0020_outbox_log.sql")
