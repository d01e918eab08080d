"""What is said to somebody who may not."""

from gururmm_server.infra.errors import GuruError


class NotSignedIn(GuruError):
    """Sign in first."""

    code = "not_signed_in"
    status = 401


class StepUpRequired(GuruError):
    """This takes proof that it is you. Prove it again, and the same request is carried out."""

    code = "step_up_required"
    status = 403


class FactorNeeded(GuruError):
    """This Partner asks for a second factor. Set one up first, in your account."""

    code = "factor_needed"
    status = 403


class Forbidden(GuruError):
    """Your role does not allow this. A Partner admin can change your role."""

    code = "forbidden"
    status = 403
