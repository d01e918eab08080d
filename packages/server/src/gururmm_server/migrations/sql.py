"""Runs a file of SQL inside the migration's transaction."""

from pathlib import Path

from alembic import op
from sqlalchemy.util import await_only

_VERSIONS = Path(__file__).parent / "versions"


def run_file(name: str) -> None:
    """Run `versions/<name>`: several statements at once, which the driver only takes on its raw connection."""
    bind = op.get_bind()
    bind.exec_driver_sql("select 1")  # the driver begins its transaction with the first statement that it sees
    raw = bind.connection.driver_connection
    assert raw is not None
    await_only(raw.execute((_VERSIONS / name).read_text(encoding="utf-8")))
