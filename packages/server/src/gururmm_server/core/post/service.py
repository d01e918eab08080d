"""The one outlet to machines and dashboards."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Self
from uuid import UUID

from gururmm_wire.codec import encode
from gururmm_wire.v2.agent import Message

from gururmm_server.core.component import House, LiveKind
from gururmm_server.core.post import letters, traffic

Publish = Callable[[str, bytes], Awaitable[None]]


class Post:
    """Tells what has become true: `tx.after_commit(post.to_machine, gateway_id, agent_id, message)`.

    Nothing sent is sure to arrive. Where `gateway_id` is None the machine is offline, and nobody is told.
    """

    def __init__(self, publish: Publish) -> None:
        """`publish` hands a payload to the broker (`Bus.publish`)."""
        self._publish = publish

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's outlet."""
        return cls(house.bus.publish)

    async def to_machine(self, gateway_id: str | None, agent_id: UUID, *messages: Message) -> None:
        """Gives a machine wire messages, in this order, through the gateway that holds it."""
        await self.carry(gateway_id, agent_id, *map(encode, messages))

    async def carry(self, gateway_id: str | None, agent_id: UUID, *encoded: bytes) -> None:
        """Gives a machine wire messages that are encoded already: nobody may encode a signed order again."""
        if gateway_id is not None:
            for letter in letters.to_machine(gateway_id, agent_id, encoded):
                await self._publish(*letter)

    async def by_tunnel(self, gateway_id: str, agent_id: UUID, message: Message) -> None:
        """Gives a machine a wire message by its connection for channels, which that gateway holds."""
        await self._publish(*letters.by_tunnel(gateway_id, agent_id, message))

    async def cut_off(self, gateway_id: str | None, agent_id: UUID, code: int) -> None:
        """Closes a machine's connection, once it has heard what was sent to it before."""
        if gateway_id is not None:
            await self._publish(*letters.cut_off(gateway_id, agent_id, code))

    async def moved(self, gateway_id: str | None, agent_id: UUID, client_id: UUID) -> None:
        """Tells the gateway that holds a machine under which Client it is now."""
        if gateway_id is not None:
            await self._publish(*letters.moved(gateway_id, agent_id, client_id))

    async def settings_changed(self, tenant_id: UUID) -> None:
        """Has every gateway look what a Partner's agents are to be told, and tell them."""
        await self._publish(traffic.settings_changed(tenant_id), b"")

    async def to_dashboards(self, tenant_id: UUID, items: Iterable[LiveKind]) -> None:
        """Shows live messages to a Partner's dashboards, in as many batches as it takes."""
        for letter in letters.to_dashboards(tenant_id, items):
            await self._publish(*letter)
