"""A person's name belongs to the membership: what one Partner calls somebody is nothing to another."""

from gururmm_server.migrations.sql import run_file

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0004_names_per_membership.sql")
