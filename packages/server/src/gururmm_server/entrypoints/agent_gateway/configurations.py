"""What agents are told of settings, kept in memory and read again when told so or every half minute."""

from collections.abc import Collection, Sequence
from uuid import UUID

from gururmm_server.core.presence.session import AgentSession
from gururmm_server.core.settings.told import PartnerTold, Told, ToldSettings
from gururmm_server.entrypoints.agent_gateway.agent_socket import AgentSocket

_NOTHING = PartnerTold()


class Configurations:
    """What the tenants with agents here tell them, by orders that are only carried, never made.

    A machine with a configuration of its own is looked up; there are some in few tenants.
    """

    def __init__(self, told: ToldSettings) -> None:
        self._told = told
        self._partners: dict[UUID, PartnerTold] = {}

    async def of(self, sessions: Sequence[AgentSession]) -> dict[bytes, Told]:
        """Returns what each of these agents is to be told, by its id. Raises `Unavailable`."""
        missing = {session.tenant_id for session in sessions} - self._partners.keys()
        if missing:
            self._partners |= dict.fromkeys(missing, _NOTHING) | await self._told.of(missing)
        asked = [session for session in sessions if self._partners[session.tenant_id].some_own]
        own: dict[UUID, Told] = {}
        if asked:
            own = await self._told.own([session.agent_uuid for session in asked])
            # Only now: where a machine has none any more, the order for all was signed anew, so that it can follow it.
            self._partners |= await self._told.of({session.tenant_id for session in asked})
        return {
            session.agent_id: own.get(session.agent_uuid, self._partners[session.tenant_id].told)
            for session in sessions
        }

    async def news(
        self, sessions: Collection[AgentSession], tenant_ids: set[UUID] | None = None
    ) -> list[tuple[AgentSession, Told]]:
        """Read again what tenants (None: all that are known) tell. Returns what these agents have not been told yet.

        What was only signed anew is for those who come from now on. Raises `Unavailable`.
        """
        wanted = set(self._partners) if tenant_ids is None else tenant_ids & self._partners.keys()
        if not wanted:
            return []
        self._partners |= await self._told.of(wanted)
        concerned = [session for session in sessions if session.tenant_id in wanted]
        looked_up = {
            session.agent_uuid: session.told.settings.version if session.told.own else None
            for session in concerned
            if session.told.own or self._partners[session.tenant_id].some_own
        }
        other = await self._told.other_than(looked_up) if looked_up else {}
        return [(session, told) for session in concerned if (told := self._new_to(session, other)) is not None]

    def _new_to(self, session: AgentSession, other: dict[UUID, Told | None]) -> Told | None:
        """Returns what an agent is to be told that it was not, given what became of the machines' own."""
        known = other.get(session.agent_uuid)
        if known is None and session.told.own and session.agent_uuid not in other:
            return None
        told = known or self._partners[session.tenant_id].told
        same = told.settings.version == session.told.settings.version
        return None if told.order is None or same else told


def tell(socket: AgentSocket, session: AgentSession, told: Told) -> None:
    """Give an agent what it is told of settings, if that is signed."""
    session.told = told
    if told.order is not None:
        socket.send(told.order)
