"""How long things are kept is a setting."""

from gururmm_server.migrations.sql import run_file

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0035_what_is_kept.sql")
