"""One login for each kind of process, and of the server's secrets each is read by those that need it."""

from gururmm_server.migrations.sql import run_file

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0012_a_login_each.sql")
