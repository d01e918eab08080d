"""What can be wrong about a question for readings."""

from gururmm_server.infra.errors import InvalidInput


class UnknownRange(InvalidInput):
    """Give `range` as 1h, 6h, 24h, 7d, 30d or 1y, or `from` and `to` as times at most 400 days apart."""

    code = "unknown_range"
