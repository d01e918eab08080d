"""The channels that are open, by tech session, and what happens to them when the server is away too long."""

import asyncio
import logging
from typing import Final

from gururmm_wire.v2.agent import TunnelClosed
from gururmm_wire.v2.names import ORDER_REFUSED, UNKNOWN_KIND
from gururmm_wire.v2.server import (
    TunnelClose,
    TunnelInput,
    TunnelOpen,
    TunnelOutputAck,
    TunnelResize,
    TunnelResume,
)

from gururmm_agent.adapters.ports import Terminals, Unsupported
from gururmm_agent.link.uplink import Uplink
from gururmm_agent.tunnel.channels.terminal import Key, Terminal

_log = logging.getLogger(__name__)

MAX_CHANNELS: Final = 16
ALONE_S: Final = 120.0
"""Without a connection for so long, every channel is closed."""
_STOP_HANG_UP_S: Final = 0.3


class Tunnels:
    """All channels of this machine."""

    def __init__(self, terminals: Terminals, uplink: Uplink, group: asyncio.TaskGroup) -> None:
        self._terminals = terminals
        self._uplink = uplink
        self._group = group
        self._channels: dict[Key, Terminal] = {}
        self._alone = asyncio.Event()

    async def run(self) -> None:
        """Close everything once the server has been away for `ALONE_S`; for ever."""
        while True:
            await self._alone.wait()
            self._alone.clear()
            await asyncio.sleep(ALONE_S)
            if not self._uplink.connected and not self._alone.is_set():
                await self._close_all("there was no connection to the server for too long", None)
                self._channels.clear()

    def knows(self, message: TunnelOpen) -> bool:
        """Returns whether this channel is open here, or was a moment ago."""
        return (message.session_id, message.channel) in self._channels

    def refuse(self, message: TunnelOpen, why: str) -> None:
        """Say that a channel will not be opened."""
        if not self.knows(message):
            self._uplink.send(TunnelClosed(message.session_id, message.channel, message=why[:2048], code=ORDER_REFUSED))

    def open(self, message: TunnelOpen) -> None:
        """Start a program, or say again that it runs."""
        key = (message.session_id, message.channel)
        known = self._channels.get(key)
        if known is not None:
            known.tell_opened()
            return
        if message.kind != "terminal":
            why = f"this agent does not know channels of the kind {message.kind}"
            self._uplink.send(TunnelClosed(*key, message=why, code=UNKNOWN_KIND))
            return
        self._forget_finished()
        if len(self._channels) >= MAX_CHANNELS:
            self._uplink.send(TunnelClosed(*key, None, f"this machine has {MAX_CHANNELS} channels open already"))
            return
        try:
            program = self._terminals.open(
                shell=message.shell, directory=message.directory, columns=message.columns, rows=message.rows
            )
        except (Unsupported, OSError) as error:
            self._uplink.send(TunnelClosed(*key, None, f"the terminal could not be opened: {error}"))
            return
        self._channels[key] = terminal = Terminal(key, program, self._uplink.send)
        self._group.create_task(self._serve(key, terminal))

    def input(self, message: TunnelInput) -> None:
        """Input for a channel."""
        if (terminal := self._find(message)) is not None:
            terminal.input(message.offset, message.data)

    def output_ack(self, message: TunnelOutputAck) -> None:
        """Credit for a channel's output."""
        terminal = self._channels.get((message.session_id, message.channel))
        if terminal is not None:
            terminal.output_ack(message.offset)
            if terminal.is_over:
                del self._channels[message.session_id, message.channel]

    def resize(self, message: TunnelResize) -> None:
        """Another window size."""
        if (terminal := self._find(message)) is not None:
            terminal.resize(message.columns, message.rows)

    def resume(self, message: TunnelResume) -> None:
        """Go on after a lost connection."""
        if (terminal := self._find(message)) is not None:
            terminal.resume(message.offset)

    def close(self, message: TunnelClose) -> None:
        """End every channel of a session."""
        self._group.create_task(self._close_all("closed", message.session_id))

    def connected(self) -> None:
        """There is a server again."""
        for terminal in self._channels.values():
            terminal.connected()

    def disconnected(self) -> None:
        """The server is away; programs go on meanwhile."""
        for terminal in self._channels.values():
            terminal.disconnected()
        if self._channels:
            self._alone.set()

    async def stop(self) -> None:
        """The agent stops: no program is left behind."""
        await self._close_all("the agent stopped", None, _STOP_HANG_UP_S)

    async def _serve(self, key: Key, terminal: Terminal) -> None:
        try:
            await terminal.run()
            await asyncio.sleep(ALONE_S)  # the server may still resume what it has not recorded
            if self._channels.get(key) is terminal:
                del self._channels[key]
        except Exception:  # noqa: BLE001 - the edge of a job
            _log.exception("a terminal failed inside the agent")
            self._uplink.send(TunnelClosed(*key, None, "the agent failed; its log says why"))
            self._channels.pop(key, None)

    def _find(self, message: TunnelInput | TunnelResize | TunnelResume) -> Terminal | None:
        key = (message.session_id, message.channel)
        terminal = self._channels.get(key)
        if terminal is None:
            self._uplink.send(TunnelClosed(*key, None, "this channel is gone"))
        return terminal

    def _forget_finished(self) -> None:
        for key in [key for key, terminal in self._channels.items() if terminal.is_over]:
            del self._channels[key]

    async def _close_all(self, reason: str, session_id: bytes | None, hang_up_s: float = 1.0) -> None:
        chosen = [terminal for key, terminal in self._channels.items() if session_id in (None, key[0])]
        await asyncio.gather(*(terminal.close(reason, hang_up_s) for terminal in chosen))
