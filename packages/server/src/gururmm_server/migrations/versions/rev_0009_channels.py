"""Channels are rows of their own: a tech session owns any number of them."""

from gururmm_server.migrations.sql import run_file

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0009_channels.sql")
