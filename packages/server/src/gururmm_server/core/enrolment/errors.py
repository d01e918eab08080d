"""Why a machine is not let in."""

from gururmm_server.infra.errors import GuruError


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
