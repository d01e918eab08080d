"""What can keep the order key from being changed."""

from gururmm_server.infra.errors import Conflict


class NothingToRetire(Conflict):
    """There is one order key only: `gururmm keys rotate order` makes another."""

    code = "nothing_to_retire"


class TooEarly(Conflict):
    """Orders that the old key signed may still be on their way: retire it seven days after the rotation."""

    code = "too_early"


class KeyLost(Conflict):
    """The newest order key's secret is missing: restore it from a backup."""

    code = "key_lost"
