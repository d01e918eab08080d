"""Orders are signed: keys, the chain between them, and the signed bytes beside what they are about."""

from gururmm_server.migrations.sql import run_file

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0010_signed_orders.sql")
