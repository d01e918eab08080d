"""What commands print counts against a Partner's quota, and a script that several machines run is kept once."""

from gururmm_server.migrations.sql import run_file

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0032_stored_bytes.sql")
