"""What every kind of channel is to the rest of the agent, and the output stream that each of them has."""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from gururmm_wire.v2.agent import Message, TunnelOutput
from gururmm_wire.v2.limits import TUNNEL_CREDIT_BYTES, TUNNEL_OUTPUT_BYTES

from gururmm_agent.adapters.ports import Adapters

Key = tuple[bytes, int]
"""Session id and channel number."""

HANG_UP_S: Final = 1.0


class Refused(Exception):
    """The channel cannot be opened like this. The text is for the technician."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a kind is given to open a channel with. `send` may drop messages: everything is repeated after a resume."""

    key: Key
    parameters: Mapping[str, Any]
    rights: frozenset[str]
    credit: int
    adapters: Adapters
    send: Callable[[Message], None]
    ready: Callable[[], Awaitable[None]]
    """Returns once more can be sent without piling up: whoever produces much asks before each piece."""
    held: bool
    """There is no connection yet: nothing is sent before the first `resume`."""


class Channel(Protocol):
    """An open channel. All but `run` and `close` come from the socket's callback and return at once."""

    @property
    def is_over(self) -> bool:
        """Whether it has ended and the server has all of its output."""

    async def run(self) -> None:
        """Serve until the end, and say the end."""

    def tell_opened(self) -> None:
        """Say that it is open; said again when the server asks again."""

    def input(self, offset: int, data: bytes) -> None:
        """Take what is new of this input."""

    def output_ack(self, offset: int, credit: int) -> None:
        """Forget the output before `offset`; what lies before `credit` may be sent."""

    def change(self, parameters: Mapping[str, Any]) -> None:
        """Take other values for some parameters."""

    def resume(self, offset: int, credit: int) -> None:
        """Send the output again from `offset`, and say where input stands; then the end, if it has come."""

    def connected(self) -> None:
        """Expect the server to resume."""

    def disconnected(self) -> None:
        """Keep what is produced from now on until `resume`."""

    async def close(self, message: str, hang_up_s: float = HANG_UP_S) -> None:
        """End what runs; `run` then comes to its end."""


class OutputStream:
    """A channel's output: sent at once, kept until it is acknowledged, and never beyond the credit."""

    def __init__(self, opening: Opening) -> None:
        self._key = opening.key
        self._send = opening.send
        self._credit = opening.credit
        self._kept: deque[tuple[int, bytes]] = deque()
        self.produced = 0
        self.acknowledged = 0
        self.held = opening.held
        """While it is set, nothing is sent: there is no server, or one that has not resumed yet."""

    @property
    def room(self) -> int:
        """How much more may be produced now; zero and less when the channel has to wait for credit."""
        return min(self._credit, self.acknowledged + TUNNEL_CREDIT_BYTES) - self.produced

    @property
    def is_acknowledged(self) -> bool:
        """Whether the server has everything."""
        return self.acknowledged >= self.produced

    def write(self, data: bytes) -> None:
        """Send `data`, at most `TUNNEL_OUTPUT_BYTES`, as the next output."""
        assert len(data) <= TUNNEL_OUTPUT_BYTES
        start = self.produced
        self.produced += len(data)
        self._kept.append((start, data))
        if not self.held:
            self._send(TunnelOutput(*self._key, start, data))

    def acknowledge(self, offset: int, credit: int) -> None:
        """Forget the output before `offset`; what lies before `credit` may be produced."""
        self._credit = max(self._credit, credit)
        offset = min(offset, self.produced)
        if offset <= self.acknowledged:
            return
        self.acknowledged = offset
        while self._kept and _end_of(self._kept[0]) <= offset:
            self._kept.popleft()

    def resend(self, offset: int) -> None:
        """Send again what is kept from `offset` on."""
        for start, data in list(self._kept):
            if start + len(data) > offset:
                skip = max(0, offset - start)
                self._send(TunnelOutput(*self._key, start + skip, data[skip:]))


def _end_of(piece: tuple[int, bytes]) -> int:
    """The offset after a piece of output."""
    return piece[0] + len(piece[1])
