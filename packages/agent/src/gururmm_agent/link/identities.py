"""Who this agent is to the server, and becoming somebody else there because an order says so."""

import asyncio
import logging
from collections.abc import Callable
from uuid import UUID

import msgspec
from gururmm_wire.v2.server import ChangeIdentity

from gururmm_agent.errors import AgentError
from gururmm_agent.link import hello
from gururmm_agent.link.hello import Machine
from gururmm_agent.link.route import Route
from gururmm_agent.link.socket import INSTANCE
from gururmm_agent.state import Identity, StateDirectory

_log = logging.getLogger(__name__)


class Identities:
    """Changes the identity that all parts of the agent share, on disk first, then in memory."""

    def __init__(
        self,
        identity: Identity,
        state: StateDirectory,
        machine: Machine,
        route: Route,
        *,
        changed: Callable[[], None],
        group: asyncio.TaskGroup,
    ) -> None:
        """`changed` is called once the agent is somebody else."""
        self._identity = identity
        self._state = state
        self._machine = machine
        self._route = route
        self._changed = changed
        self._group = group
        self._enrolling = False

    def change(self, order: ChangeIdentity) -> None:
        """Follow an order that was checked. One that means another process with the same key is passed over."""
        if order.instance not in (None, INSTANCE):
            _log.warning("another machine with a copy of this agent's key is told to make one of its own")
        elif order.agent_id is not None:
            identity = msgspec.structs.replace(self._identity, agent_id=str(UUID(bytes=order.agent_id)))
            _log.warning("this machine goes on as %s, which it was before", identity.agent_id)
            self._become(identity)
        elif not self._enrolling:
            self._enrolling = True
            self._group.create_task(self._take_own_key(order.site_code))

    async def _take_own_key(self, site_code: str) -> None:
        """Enrol with a key that no copy of this machine's state holds. On disk it is the same after a crash."""
        server, was = self._identity.server, self._identity
        try:
            seed = self._state.pending_key()
            enrolled = await hello.register(seed, self._machine, server, site_code, self._route, was=was)
            _log.warning("this machine has a key of its own from now on, as %s", enrolled.identity.agent_id)
            self._become(enrolled.identity)
        except (AgentError, OSError) as error:
            _log.error("this machine could not get a key of its own: %s", error)
        finally:
            self._enrolling = False

    def _become(self, identity: Identity) -> None:
        try:
            self._state.write_identity(identity)
        except OSError as error:
            _log.error("the identity stays what it was, because another could not be kept: %s", error)
            return
        for name in identity.__struct_fields__:
            setattr(self._identity, name, getattr(identity, name))
        self._changed()
