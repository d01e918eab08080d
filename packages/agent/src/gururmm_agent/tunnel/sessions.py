"""The channels that are open, by tech session, and what happens to them when the server is away too long."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Final

from gururmm_wire.v2.agent import TunnelClosed
from gururmm_wire.v2.names import UNKNOWN_KIND
from gururmm_wire.v2.server import (
    TunnelChange,
    TunnelClose,
    TunnelInput,
    TunnelOpen,
    TunnelOutputAck,
    TunnelResume,
)

from gururmm_agent.adapters.ports import Adapters, Unsupported
from gururmm_agent.link.uplink import Uplink
from gururmm_agent.tunnel.channel import HANG_UP_S, Channel, Key, Opening, Refused
from gururmm_agent.tunnel.channels import KINDS

_log = logging.getLogger(__name__)

MAX_CHANNELS: Final = 16
ALONE_S: Final = 120.0
"""Without a connection for so long, every channel is closed."""
_STOP_HANG_UP_S: Final = 0.3


class Tunnels:
    """All channels of this machine."""

    def __init__(self, adapters: Adapters, uplink: Uplink, group: asyncio.TaskGroup) -> None:
        self._adapters = adapters
        self._uplink = uplink
        self._group = group
        self._channels: dict[Key, Channel] = {}
        self._alone = asyncio.Event()

    async def run(self) -> None:
        """Close everything once the server has been away for `ALONE_S`; for ever."""
        while True:
            await self._alone.wait()
            self._alone.clear()
            await asyncio.sleep(ALONE_S)
            if not self._uplink.connected and not self._alone.is_set():
                await _close(self._channels.values(), "there was no connection to the server for too long")
                self._channels.clear()

    def open(self, message: TunnelOpen) -> None:
        """Open a channel, or say again that it is open."""
        key = (message.session_id, message.channel)
        known = self._channels.get(key)
        if known is not None:
            known.tell_opened()
            return
        self._forget_finished()
        if len(self._channels) >= MAX_CHANNELS:
            self._uplink.send(TunnelClosed(*key, None, f"this machine has {MAX_CHANNELS} channels open already"))
            return
        open_kind = KINDS.get(message.kind)
        if open_kind is None:
            why = f"this agent does not know channels of the kind {message.kind}"
            self._uplink.send(TunnelClosed(*key, message=why, code=UNKNOWN_KIND))
            return
        opening = Opening(
            key,
            message.parameters,
            frozenset(message.rights),
            message.credit,
            self._adapters,
            self._uplink.send,
        )
        try:
            channel = open_kind(opening)
        except (Refused, Unsupported, OSError) as error:
            self._uplink.send(TunnelClosed(*key, None, f"the {message.kind} could not be opened: {error}"))
            return
        self._channels[key] = channel
        self._group.create_task(self._serve(key, channel))

    def input(self, message: TunnelInput) -> None:
        """Input for a channel."""
        if (channel := self._find(message)) is not None:
            channel.input(message.offset, message.data)

    def output_ack(self, message: TunnelOutputAck) -> None:
        """Credit for a channel's output."""
        channel = self._channels.get((message.session_id, message.channel))
        if channel is not None:
            channel.output_ack(message.offset, message.credit)
            if channel.is_over:
                del self._channels[message.session_id, message.channel]

    def change(self, message: TunnelChange) -> None:
        """Other parameters for a channel."""
        if (channel := self._find(message)) is not None:
            channel.change(message.parameters)

    def resume(self, message: TunnelResume) -> None:
        """Go on after a lost connection."""
        if (channel := self._find(message)) is not None:
            channel.resume(message.offset, message.credit)

    def close(self, message: TunnelClose) -> None:
        """End one channel of a session, or every one."""
        chosen = [
            channel
            for (session_id, number), channel in self._channels.items()
            if session_id == message.session_id and message.channel in (None, number)
        ]
        self._group.create_task(_close(chosen, "closed"))

    def connected(self) -> None:
        """There is a server again."""
        for channel in self._channels.values():
            channel.connected()

    def disconnected(self) -> None:
        """The server is away; programs go on meanwhile."""
        for channel in self._channels.values():
            channel.disconnected()
        if self._channels:
            self._alone.set()

    async def stop(self) -> None:
        """The agent stops: no program is left behind."""
        await _close(self._channels.values(), "the agent stopped", _STOP_HANG_UP_S)

    async def _serve(self, key: Key, channel: Channel) -> None:
        try:
            await channel.run()
            await asyncio.sleep(ALONE_S)  # the server may still resume what it has not recorded
            if self._channels.get(key) is channel:
                del self._channels[key]
        except Exception:  # noqa: BLE001 - the edge of a job
            _log.exception("a channel failed inside the agent")
            self._uplink.send(TunnelClosed(*key, None, "the agent failed; its log says why"))
            self._channels.pop(key, None)

    def _find(self, message: TunnelInput | TunnelChange | TunnelResume) -> Channel | None:
        key = (message.session_id, message.channel)
        channel = self._channels.get(key)
        if channel is None:
            self._uplink.send(TunnelClosed(*key, None, "this channel is gone"))
        return channel

    def _forget_finished(self) -> None:
        for key in [key for key, channel in self._channels.items() if channel.is_over]:
            del self._channels[key]


async def _close(channels: Iterable[Channel], reason: str, hang_up_s: float = HANG_UP_S) -> None:
    await asyncio.gather(*(channel.close(reason, hang_up_s) for channel in channels))
