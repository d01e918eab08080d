"""One channel with keys of known bytes: for the tests, and for its golden file."""

from gururmm_wire.channel_seal import INPUT, OUTPUT, ChannelOffer, ChannelSeal, accept
from links import AGENT_PUBLIC, AGENT_SECRET
from nacl.bindings import crypto_sign
from samples import ID

__all__ = ["AGENT_PUBLIC", "AGENT_RANDOM", "API_RANDOM", "both", "vector"]

API_RANDOM = bytes([3]) * 32
AGENT_RANDOM = bytes([4]) * 32


def both(api_random: bytes = API_RANDOM) -> tuple[ChannelSeal, ChannelSeal]:
    """The api's end and the agent's."""
    api, agent, _ = _agreed(api_random)
    return api, agent


def vector() -> dict[str, dict[str, str]]:
    """What goes into the golden file, in hexadecimal digits."""
    api, agent, (offered, half, signature) = _agreed(API_RANDOM)
    given = {"session_id": ID, "api_random": API_RANDOM, "agent_random": AGENT_RANDOM}
    gives = {
        "api_half": offered,
        "agent_half": half,
        "signature": signature,
        "input": api.seal(INPUT, 4096, b"input"),
        "output": agent.seal(OUTPUT, 4096, b"output"),
    }
    return {
        part: {name: value.hex() for name, value in values.items()}
        for part, values in (("given", given), ("gives", gives))
    }


def _agreed(api_random: bytes) -> tuple[ChannelSeal, ChannelSeal, tuple[bytes, bytes, bytes]]:
    offer = ChannelOffer(api_random)
    half, signature, agent = accept(
        ID, 1, offer.half, random=AGENT_RANDOM, sign=lambda signed: crypto_sign(signed, AGENT_SECRET)[:64]
    )
    return offer.agree(ID, 1, half, signature, AGENT_PUBLIC), agent, (offer.half, half, signature)
