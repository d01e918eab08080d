"""Names are sorted and searched as people read them."""

from gururmm_server.migrations.sql import run_file

revision = "0029"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0029_names_as_people_read_them.sql")
