"""One sample on its way to the table."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One row of `core.agent_metrics`: permille, tenths of a degree, hundredths of load, bytes a second."""

    tenant_id: UUID
    agent_id: UUID
    at: int
    cpu: int
    memory: int
    disk: int | None
    temperature: int | None
    load: int
    receive_rate: int
    send_rate: int
    read_rate: int
    write_rate: int
    may_be_there: bool = False
    """Of a backlog, which comes again where its sender could not know that it had come."""
