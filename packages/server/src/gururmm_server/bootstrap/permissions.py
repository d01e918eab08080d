"""Every permission that this build's components declare."""

from gururmm_server.core.access.permissions import Permissions
from gururmm_server.core.agents.permissions import PERMISSIONS as OF_AGENTS
from gururmm_server.core.audit.permissions import PERMISSIONS as OF_AUDIT
from gururmm_server.core.commands.permissions import PERMISSIONS as OF_COMMANDS
from gururmm_server.core.events.permissions import PERMISSIONS as OF_EVENTS
from gururmm_server.core.identity.permissions import PERMISSIONS as OF_IDENTITY
from gururmm_server.core.platform.permissions import PERMISSIONS as OF_PLATFORM
from gururmm_server.core.tenancy.permissions import PERMISSIONS as OF_TENANCY
from gururmm_server.core.tunnel.permissions import PERMISSIONS as OF_TUNNEL


def permissions() -> Permissions:
    """Returns the registry that authentication and sign-in look roles up in."""
    return Permissions(
        [
            *OF_AGENTS,
            *OF_AUDIT,
            *OF_COMMANDS,
            *OF_EVENTS,
            *OF_IDENTITY,
            *OF_PLATFORM,
            *OF_TENANCY,
            *OF_TUNNEL,
        ]
    )
