"""Saved views of the fleet, and tags."""

from gururmm_server.migrations.sql import run_file

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0037_views_and_tags.sql")
