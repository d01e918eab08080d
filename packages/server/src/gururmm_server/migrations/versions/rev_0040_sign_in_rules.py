"""A Partner may ask a second factor of everybody who works for it."""

from gururmm_server.migrations.sql import run_file

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0040_sign_in_rules.sql")
