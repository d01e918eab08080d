"""The base of every error that a caller may see. A class's docstring is its message."""

from typing import Any, ClassVar

Details = dict[str, Any] | list[dict[str, str]] | None


class GuruError(Exception):
    """Something went wrong on our side. Try again; if it stays, quote the request id."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500

    def __init__(self, message: str = "", *, details: Details = None, internal: str = "") -> None:
        """`message` replaces the class's docstring for the caller; `internal` goes to the log only.

        `details` of a malformed payload (422) is a list of {field, message}.
        """
        self.message = message or " ".join((type(self).__doc__ or "").split())
        self.details = details
        self.internal = internal
        super().__init__(f"{self.message} [{internal}]" if internal else self.message)


class NotFound(GuruError):
    """There is no such thing here, or it is not yours to see."""

    code = "not_found"
    status = 404


class Conflict(GuruError):
    """Something with that name already exists."""

    code = "conflict"
    status = 409


class InvalidInput(GuruError):
    """The request does not have the shape this address takes."""

    code = "invalid_input"
    status = 422


class Unavailable(GuruError):
    """The database or the message bus does not answer. Nothing was changed; try again in a few seconds."""

    code = "unavailable"
    status = 503


class OutcomeUnknown(Unavailable):
    """The server lost its database in the middle of this: it may have been carried out. Look before you do it again."""

    code = "outcome_unknown"


class TooSlow(Unavailable):
    """This took the database too long and was given up. Ask for less at once, or try again in a moment."""

    code = "too_slow"


class StorageFull(GuruError):
    """The server's disk is nearly full: nothing is written, reading works. Free space there; it goes on by itself."""

    code = "storage_full"
    status = 507


class StartError(Exception):
    """A process could not start: one sentence that says what to do. Nothing was left half-started."""
