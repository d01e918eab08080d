"""The database refuses a row that points across Partners, or at another Client's Site or machine."""

from gururmm_server.migrations.sql import run_file

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0005_tenant_keys.sql")
