"""A machine is found by its key, knows who it was before, and hears a last order once it is removed."""

from gururmm_server.migrations.sql import run_file

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0017_identity.sql")
