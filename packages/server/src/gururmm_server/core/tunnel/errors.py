"""What can be wrong with a tech session and its channels."""

from gururmm_server.infra.errors import GuruError, NotFound


class SessionClosed(GuruError):
    """This terminal is closed. Open a new one."""

    code = "session_closed"
    status = 409


class NoSuchSession(NotFound):
    """There is no such terminal here, or it is not yours to see."""


class NoSuchChannel(NotFound):
    """This session has no such channel."""


class NotYourSession(GuruError):
    """Only the person who opened this terminal may do that; a Partner admin may close it."""

    code = "forbidden"
    status = 403


class UnknownKind(GuruError):
    """This server knows no such kind of channel."""

    code = "unknown_kind"
    status = 422


class BadParameters(GuruError):
    """A channel of this kind cannot be opened like that."""

    code = "bad_parameters"
    status = 422


class TooManySessions(GuruError):
    """You have 8 terminals open, or 16 with those that you left. End one first."""

    code = "too_many_sessions"
    status = 409


class TooManyChannels(GuruError):
    """This session has 8 channels open. Close one first."""

    code = "too_many_channels"
    status = 409


class RelayFull(GuruError):
    """This server process relays as many terminals as it can. Try again in a moment."""

    code = "relay_full"
    status = 503


class StreamViolation(GuruError):
    """The browser sent something that this stream does not take."""

    code = "stream_protocol"
    status = 422
