"""A sign-in goes on as itself in another Partner; e-mail addresses are compared as they are stored."""

from gururmm_server.migrations.sql import run_file

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0021_sessions.sql")
