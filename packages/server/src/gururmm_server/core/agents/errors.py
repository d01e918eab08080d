"""What can be wrong about a machine."""

from gururmm_server.infra.errors import NotFound


class AgentNotFound(NotFound):
    """There is no such machine here. It may have been deleted."""

    code = "agent_not_found"
