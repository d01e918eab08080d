"""What a gateway holds of one connected agent."""

from collections.abc import Sequence
from time import time
from uuid import UUID

from gururmm_server.core.agents.live import AgentRow
from gururmm_server.core.settings.told import UNTOLD, Told


class AgentSession:
    """What a gateway knows of a connected agent: who it is, and its newest readings until they are written."""

    __slots__ = (
        "agent_id",
        "agent_uuid",
        "backlog_at",
        "capabilities",
        "changed_at",
        "client_id",
        "clock_s",
        "connection_id",
        "cpu",
        "disk",
        "faults",
        "history_at",
        "hostname",
        "instance",
        "last_seen",
        "latest",
        "memory",
        "said_hostname",
        "settings_version",
        "tenant_id",
        "told",
        "uptime",
    )

    def __init__(self, agent_uuid: UUID, tenant_id: UUID, client_id: UUID, hostname: str, connection_id: int) -> None:
        self.agent_uuid = agent_uuid
        self.agent_id = agent_uuid.bytes
        self.tenant_id = tenant_id
        self.client_id = client_id
        self.hostname = hostname
        self.connection_id = connection_id
        """Grows with every connection of the agent, on whichever gateway: the larger is the newer."""
        self.capabilities: frozenset[str] = frozenset()
        """What it says that it can do, of what this build knows; one set is shared by all that say the same."""
        self.instance: bytes | None = None
        """Which process it is, by its own word; None for older agents."""
        self.said_hostname = hostname
        self.settings_version: int | None = None
        """Which version of its settings it runs, by its own word."""
        self.told: Told = UNTOLD
        """What it was told of settings."""
        self.last_seen = time()
        self.changed_at = self.last_seen
        self.cpu: int | None = None
        self.memory: int | None = None
        self.disk: int | None = None
        self.uptime: int | None = None
        self.clock_s: int | None = None
        """By how much its clock is ahead of the server's, as it last said."""
        self.faults: Sequence[str] = ()
        """Problems that its newest sample tells of by itself (`problems.TOLD`)."""
        self.latest: bytes | None = None
        """The newest Metrics message, until it is in the table."""
        self.history_at = 0
        """Moment of the newest sample that went into the history."""
        self.backlog_at = 0
        """The same of samples that were taken while there was no connection."""

    def row(self, *, online: bool = True, changed: bool = False) -> AgentRow:
        """Returns what a dashboard shows of the session's machine."""
        return AgentRow(
            agent_id=self.agent_id,
            client_id=self.client_id.bytes,
            online=online,
            changed=changed,
            changed_at=self.changed_at,
            last_seen=self.last_seen,
            cpu=self.cpu,
            memory=self.memory,
            disk=self.disk,
        )
