"""The driver's errors in our words, so that nobody above `infra` knows the driver."""

from typing import Final, Self

import asyncpg

from gururmm_server.infra.errors import Conflict, OutcomeUnknown, StorageFull, TooSlow, Unavailable

REFUSED_DATA: Final = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
)
"""What a statement raises because of the values in it: it fails as often as it is tried."""

_AWAY: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,  # it stops, it was stopped, or somebody cancelled the statement
    asyncpg.LockNotAvailableError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InsufficientResourcesError,  # a full disk is told apart before
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the server's good-bye and our statement crossed
    ConnectionError,
    TimeoutError,
)
"""What goes away by itself, however long that takes: the same statement may succeed later."""


class UniqueConflict(Conflict):
    """Something with that name already exists."""

    def __init__(self, constraint: str) -> None:
        super().__init__(internal=constraint)
        self.constraint = constraint


class Translated:
    """A context in which the driver's errors become ours."""

    def __init__(self) -> None:
        self.committing = False
        """Whether the commit is on its way: nobody knows what became of it where no answer comes."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        match error:
            case asyncpg.UniqueViolationError():
                raise UniqueConflict(str(error.constraint_name)) from error
            case asyncpg.ReadOnlySQLTransactionError() | asyncpg.DiskFullError():
                raise StorageFull(internal=first_line(error)) from error
            case asyncpg.TransactionRollbackError():  # a deadlock, say
                raise Unavailable(internal=first_line(error)) from error
            case asyncpg.QueryCanceledError() if not self.committing:
                raise TooSlow(internal=first_line(error)) from error
            case BaseException() if isinstance(error, _AWAY):
                away = OutcomeUnknown if self.committing else Unavailable
                raise away(internal=first_line(error)) from error
            case _:
                return


def first_line(error: BaseException) -> str:
    """Returns the first line of what an error says, or what it is called."""
    return (str(error) or type(error).__name__).splitlines()[0]
