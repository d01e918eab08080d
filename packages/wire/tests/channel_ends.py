"""The api's end of a machine's channels, for tests that speak with a real agent in the clear."""

import os
from typing import Any

import msgspec
from gururmm_wire.channel_seal import CHANGE, INPUT, OUTPUT, RANDOM_BYTES, ChannelOffer, ChannelSeal
from gururmm_wire.v2.agent import Message, TunnelClosed, TunnelOpened, TunnelOutput
from gururmm_wire.v2.server import TunnelChange, TunnelInput, TunnelOpen, TunnelRekey

Key = tuple[bytes, int]


class ApiChannels:
    """One offer a channel, made with its opening; another with each rekey."""

    def __init__(self) -> None:
        self.offers: dict[Key, ChannelOffer] = {}
        self.seals: dict[Key, ChannelSeal] = {}

    def sealed(self, message: Message) -> Message:
        """What an api that wants to say this says. A message that is not about a channel's content stays as it is."""
        match message:
            case TunnelOpen(half=None):
                offer = self.offers.setdefault(_key(message), ChannelOffer(os.urandom(RANDOM_BYTES)))
                return msgspec.structs.replace(message, half=offer.half)
            case TunnelRekey():
                offer = self.offers[_key(message)] = ChannelOffer(os.urandom(RANDOM_BYTES))
                return msgspec.structs.replace(message, half=offer.half)
            case TunnelInput(offset=offset, data=data):
                return msgspec.structs.replace(message, data=self.seals[_key(message)].seal(INPUT, offset, data))
            case TunnelChange(number=number, sealed=plain):
                return msgspec.structs.replace(message, sealed=self.seals[_key(message)].seal(CHANGE, number, plain))
        return message

    def opened(self, message: Any, agent_key: bytes) -> Any:
        """What the agent says in the clear. Raises whatever the product's api would have refused."""
        match message:
            case TunnelOpened(half=bytes()):
                offer = self.offers[_key(message)]
                seal = offer.agree(*_key(message), message.half, message.signature, agent_key)
                self.seals[_key(message)] = seal
            case TunnelOutput(offset=offset, data=data):
                return msgspec.structs.replace(message, data=self.seals[_key(message)].open(OUTPUT, offset, data))
            case TunnelClosed() if message.proof:
                assert self.seals[_key(message)].vouches(message)
                return msgspec.structs.replace(message, proof=b"")
        return message


def _key(message: Any) -> Key:
    return message.session_id, message.channel
