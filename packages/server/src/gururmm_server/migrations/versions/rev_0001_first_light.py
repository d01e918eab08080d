"""The core: tenancy, agents, commands, audit, tunnel."""

from gururmm_server.migrations.sql import run_file

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

FILES = (
    "0001_roles.sql",
    "0002_tenancy.sql",
    "0003_agents.sql",
    "0004_commands.sql",
    "0005_audit.sql",
    "0006_tunnel.sql",
    "0007_partitions.sql",
)


def upgrade() -> None:
    for name in FILES:
        run_file(name)
