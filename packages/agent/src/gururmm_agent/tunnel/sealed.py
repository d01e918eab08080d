"""What a channel says and hears, sealed between this machine and the api: see `gururmm_wire.channel_seal`."""

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from gururmm_wire import channel_seal
from gururmm_wire.channel_seal import ChannelSeal, NoAgreement
from gururmm_wire.sealing import BrokenSeal
from gururmm_wire.v2.agent import Message, TunnelClosed, TunnelOpened, TunnelOutput
from gururmm_wire.v2.server import Parameters, TunnelChange, TunnelInput

_log = logging.getLogger(__name__)
_parameters: msgspec.msgpack.Decoder[Parameters] = msgspec.msgpack.Decoder(Parameters)

Sign = Callable[[bytes], bytes]
"""Returns 64 bytes by this machine's lasting key."""


class SealedEnd:
    """Stands between one channel and whatever carries its messages.

    Until an order has brought the api's half of a key, the channel is open and silent: its output waits.
    """

    def __init__(self, key: tuple[bytes, int], sign: Sign, send: Callable[[Message], None]) -> None:
        """`key` is the session's id and the channel's number; `send` may drop messages."""
        self._key = key
        self._sign = sign
        self._send = send
        self._seal: ChannelSeal | None = None
        self._offered: bytes | None = None
        self._half: bytes | None = None
        self._signature: bytes | None = None
        self._changed = -1
        self.counter = 0
        """Of the last order about the channel."""

    def agree(self, offered: bytes | None, counter: int) -> None:
        """Take the api's half out of an order with this counter, if it has one.

        The same half is answered with the same half, in whichever order it comes: two answers to one offer would be two
        keys between which whoever carries them could lead the api to and fro, each time from its first number on.
        """
        if counter <= self.counter:
            return
        self.counter = counter
        if offered is None or offered == self._offered:
            return
        try:
            half, signature, seal = channel_seal.accept(
                *self._key, offered, random=os.urandom(channel_seal.RANDOM_BYTES), sign=self._sign
            )
        except NoAgreement as error:
            _log.error("no key was agreed for a channel: %s", error)
            return
        self._offered, self._half, self._signature, self._seal = offered, half, signature, seal
        self._changed = -1

    def send(self, message: Message) -> None:
        """Send what the channel says: its output sealed, its opening and its end with what proves them."""
        match message:
            case TunnelOutput(offset=offset, data=data):
                if self._seal is None:
                    return  # the first resume under a key asks for it
                sealed = self._seal.seal(channel_seal.OUTPUT, offset, data)
                self._send(TunnelOutput(*self._key, offset, sealed))
            case TunnelOpened(program=program):
                self._send(TunnelOpened(*self._key, self._half, self._signature, program))
            case TunnelClosed() if self._seal is not None:
                self._send(msgspec.structs.replace(message, proof=self._seal.vouch(message)))
            case _:
                self._send(message)

    def input(self, message: TunnelInput) -> bytes | None:
        """Returns what was typed; None for what the api did not seal under the present key."""
        return self._open(channel_seal.INPUT, message.offset, message.data)

    def change(self, message: TunnelChange) -> Mapping[str, Any] | None:
        """Returns the parameters that have other values; None for what is not the api's, or older than the last."""
        if message.number <= self._changed:
            return None
        opened = self._open(channel_seal.CHANGE, message.number, message.sealed)
        if opened is None:
            return None
        self._changed = message.number
        try:
            return _parameters.decode(opened)
        except msgspec.MsgspecError as error:
            _log.warning("a change of a channel is not readable: %s", error)
            return None

    def _open(self, what: bytes, place: int, sealed: bytes) -> bytes | None:
        """What does not open came late from an api process that lost the session, or was changed on the way."""
        if self._seal is None:
            return None
        try:
            return self._seal.open(what, place, sealed)
        except BrokenSeal:
            _log.info("%s of a channel does not open under its key", what.decode())
            return None
