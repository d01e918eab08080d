"""A row of the feed names what it tells of: a command, a tech session."""

from gururmm_server.migrations.sql import run_file

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0011_activity_subject.sql")
