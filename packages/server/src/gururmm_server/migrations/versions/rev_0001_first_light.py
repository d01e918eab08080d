"""The core: tenancy, agents, commands, audit, tunnel."""

from gururmm_server.migrations.sql import run_file

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

FILES = (
    "0001_1_roles.sql",
    "0001_2_tenancy.sql",
    "0001_3_agents.sql",
    "0001_4_commands.sql",
    "0001_5_audit.sql",
    "0001_6_tunnel.sql",
    "0001_7_partitions.sql",
)


def upgrade() -> None:
    for name in FILES:
        run_file(name)
