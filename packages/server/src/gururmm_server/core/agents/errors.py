"""What can be wrong about a machine."""

from gururmm_server.infra.errors import GuruError, InvalidInput, NotFound


class AgentNotFound(NotFound):
    """There is no such machine here. It may have been deleted."""

    code = "agent_not_found"


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


class UnknownRange(InvalidInput):
    """Give `range` as 1h, 6h, 24h, 7d, 30d or 1y, or `from` and `to` as times at most 400 days apart."""

    code = "unknown_range"


class CodeUnknown(GuruError):
    """This site code does not exist. Copy the install command from the Site's page again."""

    code = "code_unknown"
    status = 404


class CodeExpired(GuruError):
    """This site code has expired. Make a new one on the Site's page."""

    code = "code_expired"
    status = 410


class CodeUsedUp(GuruError):
    """This site code was used as often as it may be. Make a new one on the Site's page."""

    code = "code_used_up"
    status = 410


class CodeRevoked(GuruError):
    """This site code was revoked. Take the current one from the Site's page."""

    code = "code_revoked"
    status = 410


class SignatureRefused(GuruError):
    """The enrolment was not signed by the key that it wants to register."""

    code = "signature_refused"
    status = 403
