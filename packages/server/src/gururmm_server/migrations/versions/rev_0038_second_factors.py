"""A second factor: an authenticator app, recovery codes, and sign-ins that wait for one of them."""

from gururmm_server.migrations.sql import run_file

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0038_second_factors.sql")
