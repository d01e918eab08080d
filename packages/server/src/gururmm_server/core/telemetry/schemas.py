"""The shapes of a machine's readings over time in the API's description.

Answers are encoded as they are; a test holds every answer against these.
"""

from gururmm_server.infra.shapes import Answer


class Columns(Answer, frozen=True, kw_only=True):
    """Parallel columns; null where nothing was measured."""

    at: list[int]
    cpu: list[float | None]
    memory: list[float | None]
    load: list[float | None]
    receive: list[float | None]
    send: list[float | None]
    read: list[float | None]
    write: list[float | None]
    disk: list[float | None]
    temperature: list[float | None]


class History(Answer, frozen=True, kw_only=True):
    step_s: int
    columns: Columns
