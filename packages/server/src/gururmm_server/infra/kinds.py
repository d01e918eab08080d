"""The kinds of process that a server is made of. Each signs in to the database and to the bus as itself."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """A kind of process; any number of processes may be of one."""

    API = "api"
    GATEWAY = "gateway"
    WORKER = "worker"

    @property
    def login(self) -> str:
        """The login with which it signs in to PostgreSQL. On the bus the user is called as the kind is."""
        return f"gururmm_login_{self}"

    @property
    def roles(self) -> frozenset[str]:
        """The roles of PostgreSQL that its login may assume, and no other kind's may."""
        return _ROLES[self]


_ROLES: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.API: frozenset({"gururmm_app", "gururmm_audit_reader", "gururmm_identity", "gururmm_platform"}),
    Kind.GATEWAY: frozenset({"gururmm_ingest"}),
    Kind.WORKER: frozenset({"gururmm_worker"}),
}
"""As the migrations grant them."""
