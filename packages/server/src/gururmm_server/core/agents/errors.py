"""What can be wrong about a machine."""

from gururmm_server.infra.errors import GuruError, NotFound


class AgentNotFound(NotFound):
    """There is no such machine here. It may have been deleted."""

    code = "agent_not_found"


class MachineOffline(GuruError):
    """This machine is offline. Try again when it is back."""

    code = "agent_offline"
    status = 409  # it is the machine's state, not the server's
