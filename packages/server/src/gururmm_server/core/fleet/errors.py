"""What can be wrong about a machine."""

from gururmm_server.infra.errors import GuruError, NotFound


class AgentOffline(GuruError):
    """This machine is offline, so it cannot be asked. Try again when it is back."""

    code = "agent_offline"
    status = 409  # it is the machine's state, not the server's


class AgentSilent(GuruError):
    """The machine did not answer in time. It may be very busy; try again."""

    code = "agent_silent"
    status = 504


class AgentRefused(GuruError):
    """The machine could not answer."""

    code = "agent_refused"
    status = 409


class SiteNotFound(NotFound):
    """There is no such Site here."""

    code = "site_not_found"
