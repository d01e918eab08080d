"""What can go wrong with people, passwords and sessions."""

from gururmm_server.infra.errors import GuruError


class WrongCredentials(GuruError):
    """The e-mail address or the password is wrong."""

    code = "wrong_credentials"
    status = 401


class TokenExpired(GuruError):
    """This access token has expired. Refresh it."""

    code = "token_expired"
    status = 401


class SessionEnded(GuruError):
    """This session has ended. Sign in again."""

    code = "session_ended"
    status = 401


class StepGone(GuruError):
    """This sign-in took too long, or too many codes were tried. Begin it again with your password."""

    code = "step_gone"
    status = 401


class CookieNeeded(GuruError):
    """Only the browser that signed in can do this, with its session's own cookie. Reload the page, or sign in again."""

    code = "cookie_needed"
    status = 401


class NoPartner(GuruError):
    """You may not sign in here now: an admin has stopped it, or has taken the account away. Ask a Partner admin."""

    code = "no_partner"
    status = 403


class OriginRefused(GuruError):
    """This request came from another site's page."""

    code = "origin_refused"
    status = 403


class PasswordRefused(GuruError):
    """This password is not accepted."""

    status = 422

    def __init__(self, field: str = "", message: str = "") -> None:
        """`field`: which one of a form is meant."""
        super().__init__(message)
        if field:
            self.details = [{"field": field, "message": self.message}]


class WeakPassword(PasswordRefused):
    """A password needs at least 12 characters."""

    code = "weak_password"


class WrongPassword(PasswordRefused):
    """This is not your current password."""

    code = "wrong_password"


class InvitationGone(GuruError):
    """This invitation was used already, has expired, or never existed. Ask for a new one."""

    code = "invitation_gone"
    status = 404


class AlreadyMember(GuruError):
    """This person already belongs to the Partner."""

    code = "already_member"
    status = 409


class LastAdmin(GuruError):
    """This is the Partner's last admin. Make somebody else a Partner admin first."""

    code = "last_admin"
    status = 409


class OwnAccount(GuruError):
    """Nobody changes the role or access of their own account. Ask another Partner admin."""

    code = "own_account"
    status = 409


class OwnedByPerson(GuruError):
    """This person manages their own account: only they can change its password."""

    code = "owned_by_person"
    status = 409


class RoleTooHigh(GuruError):
    """Nobody gives a role above their own."""

    code = "role_too_high"
    status = 403


class ClientNeeded(GuruError):
    """A Client contact belongs to exactly one Client of this Partner, and nobody else does."""

    code = "client_needed"
    status = 422
