"""What a gateway's login writes neither stops what it shares with the others nor speaks for people."""

from gururmm_server.migrations.sql import run_file

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0015_hostile_neighbours.sql")
