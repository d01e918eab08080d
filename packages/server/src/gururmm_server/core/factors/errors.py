"""What can go wrong with a factor."""

from gururmm_server.infra.errors import GuruError


class WrongCode(GuruError):
    """This code is not right, or it was used already. Wait for the next one in your app."""

    code = "wrong_code"
    status = 422

    def __init__(self, *, internal: str = "") -> None:
        super().__init__(internal=internal)
        self.details = [{"field": "code", "message": self.message}]


class PasskeyRefused(GuruError):
    """This passkey was not accepted. Try again, or take another way in."""

    code = "passkey_refused"
    status = 422


class PasskeyKnown(GuruError):
    """This passkey is in use here already."""

    code = "passkey_known"
    status = 409


class TooManyPasskeys(GuruError):
    """You have as many passkeys as one may have. Remove one that you don't use."""

    code = "too_many_passkeys"
    status = 409


class PasskeysImpossible(GuruError):
    """Browsers take passkeys for a name with https only, like https://rmm.example.org. Ask who runs this server."""

    code = "passkeys_impossible"
    status = 409


class AlreadySetUp(GuruError):
    """You have an authenticator app already. Turn it off before you set up another."""

    code = "already_set_up"
    status = 409


class NotSetUp(GuruError):
    """You have no second factor. Set one up first."""

    code = "not_set_up"
    status = 409
