"""What is said to somebody who may not."""

from gururmm_server.infra.errors import GuruError


class NotSignedIn(GuruError):
    """Sign in first."""

    code = "not_signed_in"
    status = 401


class Forbidden(GuruError):
    """Your role does not allow this. A Partner admin can change your role."""

    code = "forbidden"
    status = 403
