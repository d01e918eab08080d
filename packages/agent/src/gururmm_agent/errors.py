"""What ends the agent: each error carries the exit code and is one sentence that says what to do."""

from typing import ClassVar


class AgentError(Exception):
    """Something the person who started the agent has to know."""

    exit_code: ClassVar[int] = 1


class NotEnrolled(AgentError):
    """There is no identity in the state directory."""

    exit_code = 3


class EnrolmentRefused(AgentError):
    """The server refused the site code, or the state directory belongs to another server."""

    exit_code = 4


class StateUnusable(AgentError):
    """The state directory cannot be read or written."""

    exit_code = 5


class ServerUnreachable(AgentError):
    """The server could not be asked."""

    exit_code = 6


class NeedsTls(AgentError):
    """An address without TLS that nobody accepted, or one that a server with TLS must not give."""

    exit_code = 8


class SettingUnusable(AgentError):
    """An option or a setting that cannot be followed."""

    exit_code = 9


class AlreadyRunning(AgentError):
    """Another agent uses the same state directory."""

    exit_code = 7
