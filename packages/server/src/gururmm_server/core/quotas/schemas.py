"""What quotas tell over REST."""

from gururmm_server.infra.shapes import Answer


class Used(Answer, frozen=True, kw_only=True):
    """How much a Partner uses of something, and how much it may; of what is written, also of today's (UTC)."""

    resource: str
    used: int
    most: int
    today: int | None = None
    most_a_day: int | None = None
