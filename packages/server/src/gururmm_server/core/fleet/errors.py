"""What can be wrong about a machine."""

from gururmm_server.infra.errors import GuruError, NotFound


class AgentSilent(GuruError):
    """The machine did not answer in time. It may be very busy; try again."""

    code = "agent_silent"
    status = 504


class AgentRefused(GuruError):
    """The machine could not answer."""

    code = "agent_refused"
    status = 409


class NotTheSame(GuruError):
    """That is not the machine it was before, or it is online by now. Load the page again."""

    code = "agent_not_the_same"
    status = 409


class DoubleNotFound(NotFound):
    """That copy of the machine is not there any more. Load the page again."""

    code = "double_not_found"


class SiteNotFound(NotFound):
    """There is no such Site here."""

    code = "site_not_found"
