"""The channels that are open, by tech session, and what happens to them when the server is away too long."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from gururmm_wire.v2.agent import Message, TunnelClosed
from gururmm_wire.v2.names import ORDER_REFUSED, UNKNOWN_KIND
from gururmm_wire.v2.server import (
    ServerMessage,
    TunnelChange,
    TunnelClose,
    TunnelInput,
    TunnelOpen,
    TunnelOutputAck,
    TunnelRekey,
    TunnelResume,
)

from gururmm_agent.adapters.ports import Adapters, Unsupported
from gururmm_agent.link.reconnect import Backoff
from gururmm_agent.link.socket import Closed
from gururmm_agent.link.uplink import Uplink
from gururmm_agent.tunnel.channel import HANG_UP_S, Channel, Key, Opening, Refused
from gururmm_agent.tunnel.channels import KINDS
from gururmm_agent.tunnel.line import Dial, TunnelLine
from gururmm_agent.tunnel.sealed import SealedEnd, Sign

_log = logging.getLogger(__name__)

MAX_CHANNELS: Final = 16
ALONE_S: Final = 600.0
"""Without a connection for so long, every channel is closed. A session waits as long for its browser, by default."""
_STOP_HANG_UP_S: Final = 0.3


@dataclass(frozen=True, slots=True)
class _Open:
    """An open channel, and the end of its seal through which it speaks."""

    channel: Channel
    sealed: SealedEnd


class Tunnels:
    """All channels of this machine.

    Their bytes go by a line of their own, or by the agent's own connection where the server takes no other; refusals
    always go by the latter.
    """

    def __init__(
        self, adapters: Adapters, uplink: Uplink, group: asyncio.TaskGroup, *, dial: Dial, backoff: Backoff, sign: Sign
    ) -> None:
        self._sign = sign
        self._adapters = adapters
        self._uplink = uplink
        self._group = group
        self._line = TunnelLine(dial, backoff, self)
        self._second = True
        self._fresh: set[Key] = set()
        """Channels that have not been heard of on any line."""
        self._channels: dict[Key, _Open] = {}
        self._unwanted: set[Key] = set()
        """Channels that the server has ended: it resumes none of them, so another may have their place."""
        self._alone: asyncio.TimerHandle | None = None

    async def run(self) -> None:
        """Keep the line for channels, for ever."""
        await self._line.run()

    def last_order(self, message: TunnelOpen | TunnelRekey) -> int | None:
        """Returns the counter of the last order about this channel; None where it is not open here."""
        known = self._channels.get((message.session_id, message.channel))
        return None if known is None else known.sealed.counter

    def refuse(self, message: TunnelOpen, why: str) -> None:
        """Say that a channel will not be opened."""
        if self.last_order(message) is None:
            self._uplink.send(TunnelClosed(message.session_id, message.channel, message=why[:2048], code=ORDER_REFUSED))

    def ordered(self, message: TunnelOpen | TunnelRekey, counter: int) -> None:
        """Open a channel, or say again that it is open; an order with a higher `counter` brings another key."""
        if isinstance(message, TunnelOpen):
            self._open(message, counter)
        elif (known := self._find(message)) is not None:
            known.sealed.agree(message.half, counter)
            known.channel.tell_opened()

    def _open(self, message: TunnelOpen, counter: int) -> None:
        key = (message.session_id, message.channel)
        known = self._channels.get(key)
        if known is not None:
            known.sealed.agree(message.half, counter)
            known.channel.tell_opened()
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
        sealed = SealedEnd(key, self._sign, self._send)
        sealed.agree(message.half, counter)
        opening = Opening(
            key,
            message.parameters,
            frozenset(message.rights),
            message.credit,
            self._adapters,
            sealed.send,
            self._ready,
            held=not self._is_connected,
        )
        try:
            channel = open_kind(opening)
        except (Refused, Unsupported, OSError) as error:
            self._uplink.send(TunnelClosed(*key, None, f"the {message.kind} could not be opened: {error}"))
            return
        self._channels[key] = _Open(channel, sealed)
        if self._second:
            self._line.want()
        if not self._is_connected:
            self._fresh.add(key)
            self._wait_for_the_server()
        self._group.create_task(self._serve(key, channel))

    def input(self, message: TunnelInput) -> None:
        """Input for a channel."""
        if (known := self._find(message)) is not None and (data := known.sealed.input(message)) is not None:
            known.channel.input(message.offset, data)

    def output_ack(self, message: TunnelOutputAck) -> None:
        """Credit for a channel's output."""
        known = self._channels.get((message.session_id, message.channel))
        if known is not None:
            known.channel.output_ack(message.offset, message.credit)
            if known.channel.is_over:
                self._forget([(message.session_id, message.channel)])

    def change(self, message: TunnelChange) -> None:
        """Other parameters for a channel."""
        if (known := self._find(message)) is not None and (changed := known.sealed.change(message)) is not None:
            known.channel.change(changed)

    def resume(self, message: TunnelResume) -> None:
        """Go on after a lost connection."""
        if (known := self._find(message)) is not None:
            known.channel.resume(message.offset, message.credit)

    def close(self, message: TunnelClose) -> None:
        """End one channel of a session, or every one."""
        chosen = {
            (session_id, number): known.channel
            for (session_id, number), known in self._channels.items()
            if session_id == message.session_id and message.channel in (None, number)
        }
        self._group.create_task(self._end(chosen))

    def served(self, *, second: bool) -> None:
        """There is a server on the agent's own connection; whether it takes a `second` one for channels."""
        self._second = second
        if not second:
            self._line.hang_up()
            self.connected()
        elif self._channels:
            self._line.want()

    def left(self) -> None:
        """The agent's own connection is gone."""
        if not self._second:
            self.disconnected()

    def connected(self) -> None:
        """See `LineUser`: what is new begins, everything else waits for the server to resume it."""
        if self._alone is not None:
            self._alone.cancel()
            self._alone = None
        for key, known in self._channels.items():
            known.channel.tell_opened()
            if key in self._fresh:
                known.channel.resume(0, 0)
            else:
                known.channel.connected()
        self._fresh.clear()

    def disconnected(self) -> None:
        """See `LineUser`: programs go on meanwhile."""
        for known in self._channels.values():
            known.channel.disconnected()
        self._wait_for_the_server()

    def received(self, message: ServerMessage) -> None:
        """Take a message about channels that are open, by whichever connection. Others are passed over."""
        match message:
            case TunnelInput():
                self.input(message)
            case TunnelOutputAck():
                self.output_ack(message)
            case TunnelChange():
                self.change(message)
            case TunnelResume():
                self.resume(message)
            case TunnelClose():
                self.close(message)
            case _:
                _log.warning("%s came by the connection for channels", type(message).__name__)

    async def stop(self) -> None:
        """The agent stops: no program is left behind."""
        await _close([known.channel for known in self._channels.values()], "the agent stopped", _STOP_HANG_UP_S)

    def hang_up(self) -> None:
        """End the connection for channels."""
        self._line.hang_up()

    async def _serve(self, key: Key, channel: Channel) -> None:
        try:
            await channel.run()
            await asyncio.sleep(ALONE_S)  # the server may still resume what it has not recorded
            known = self._channels.get(key)
            if known is not None and known.channel is channel:
                self._forget([key])
        except Exception:  # noqa: BLE001 - the edge of a job
            _log.exception("a channel failed inside the agent")
            self._uplink.send(TunnelClosed(*key, None, "the agent failed; its log says why"))
            self._forget([key])

    def _find(self, message: TunnelInput | TunnelChange | TunnelResume | TunnelRekey) -> _Open | None:
        key = (message.session_id, message.channel)
        known = self._channels.get(key)
        if known is None:
            self._uplink.send(TunnelClosed(*key, None, "this channel is gone"))
        return known

    @property
    def _is_connected(self) -> bool:
        return self._line.is_connected if self._second else self._uplink.connected

    def _send(self, message: Message) -> None:
        (self._line if self._second else self._uplink).send(message)

    async def _ready(self) -> None:
        if self._second:
            await self._line.ready()
        elif self._uplink.connected:
            with contextlib.suppress(Closed):
                await self._uplink.drain()

    def _wait_for_the_server(self) -> None:
        if self._alone is None and self._channels:
            self._alone = asyncio.get_running_loop().call_later(ALONE_S, self._give_up)

    def _give_up(self) -> None:
        self._alone = None
        chosen = list(self._channels.items())
        self._forget(key for key, _ in chosen)
        reason = "there was no connection to the server for too long"
        self._group.create_task(_close([known.channel for _, known in chosen], reason))

    async def _end(self, chosen: Mapping[Key, Channel]) -> None:
        await _close(chosen.values(), "closed")
        self._unwanted |= chosen.keys() & self._channels.keys()

    def _forget_finished(self) -> None:
        self._forget([key for key, known in self._channels.items() if known.channel.is_over or key in self._unwanted])

    def _forget(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._channels.pop(key, None)
            self._fresh.discard(key)
            self._unwanted.discard(key)
        if not self._channels:
            self._line.release()


async def _close(channels: Iterable[Channel], reason: str, hang_up_s: float = HANG_UP_S) -> None:
    await asyncio.gather(*(channel.close(reason, hang_up_s) for channel in channels))
