"""What can be wrong about a command."""

from gururmm_server.infra.errors import Conflict, InvalidInput, NotFound


class CommandNotFound(NotFound):
    """There is no such command here. It may have been deleted."""

    code = "command_not_found"


class TargetNotFound(NotFound):
    """One of these machines does not exist here, so nothing was queued for any of them."""

    code = "agent_not_found"


class NoTargets(InvalidInput):
    """No machine matches, so there is nothing to run this on."""

    code = "no_targets"


class TooManyTargets(InvalidInput):
    """A script runs on 5,000 machines at most, and takes 64 MiB at most over all of them. Narrow it down."""

    code = "too_many_targets"


class AlreadyFinished(Conflict):
    """This command is over already; its result stands."""

    code = "already_finished"
