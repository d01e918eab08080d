"""What in schema core is nobody's of core: the outbox, secrets, jobs' locks, and who crossed between Partners.

Components reach them through `infra.outbox`, `infra.secrets`, `infra.job_locks` and `infra.database`, and name none of
them in SQL. `tools/lint/owned_tables.py` reads both tuples.
"""

from typing import Final

TABLES: Final = ("job_locks", "outbox", "outbox_log", "platform_access", "schema_version", "server_secrets")
"""Read and written by modules of `infra` alone."""
OFFERS: Final = ("client_numbers", "current_tenant", "folded", "natural_key", "publish_event")
"""Functions that every component's SQL may call."""
