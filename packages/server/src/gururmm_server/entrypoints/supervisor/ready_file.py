"""The demo's ready file: how scripts learn where everything is."""

import json
from dataclasses import dataclass
from pathlib import Path

from gururmm_server.infra.embedded.data_dir import write_private


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyFile:
    """JSON with `url, email, password, tenant_id, agent_id, database_url, nats_url, processes` (name → pid)."""

    path: Path
    facts: dict[str, str]

    def write(self, processes: dict[str, int]) -> None:
        """Write it whole or not at all; it holds a password, so only we may read it."""
        write_private(self.path, json.dumps({**self.facts, "processes": processes}, indent=2) + "\n")
