"""What a kind of channel says about itself. Everything else of a channel is the same for all kinds."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Protocol

import msgspec

from gururmm_server.core.tunnel.recording import Piece
from gururmm_server.infra.errors import GuruError

Parameters = dict[str, Any]


class Recording(msgspec.Struct, frozen=True):
    """A recording as it is played: when and on what it began, what the channel was opened with, and its pieces."""

    begin: datetime
    title: str
    parameters: Parameters
    pieces: AsyncIterator[Piece]


class ChannelKind(Protocol):
    """One kind of channel. Its methods are pure: they look at values and answer values."""

    @property
    def name(self) -> str:
        """The name on the wire, in the table and in the API."""

    @property
    def rights(self) -> tuple[str, ...]:
        """What the opener may do on such a channel."""

    @property
    def input_right(self) -> str:
        """The right without which the channel takes no input."""

    @property
    def input_operation(self) -> str:
        """The audit's operation for a piece of input."""

    @property
    def media_type(self) -> str:
        """What `play` makes."""

    @property
    def extension(self) -> str:
        """The end of a recording's file name."""

    def parameters(self, given: Mapping[str, Any]) -> Parameters:
        """Returns all parameters, checked, the missing ones filled in. Raises `BadParameters`."""

    def change(self, given: Mapping[str, Any]) -> Parameters:
        """Returns what a change says, checked. Raises `BadParameters`."""

    def note(self, change: Parameters) -> tuple[str, bytes] | None:
        """Returns how a recording notes a change (a letter and its bytes); None where it does not."""

    def redraw(self, change: Parameters) -> list[Parameters]:
        """Returns the changes that make what runs show itself anew to a tab that has no output of it."""

    def history_skip(self, head: bytes) -> int:
        """Returns how much of a cut history's beginning is to be left out, so that it begins in a whole place."""

    def prelude(self, earlier: bytes) -> str:
        """Returns what brings a new screen into the state in which this output left the one before it."""

    def play(self, recorded: Recording) -> AsyncIterator[bytes]:
        """Returns a recording as `media_type`, piece by piece."""


def explain(error: type[GuruError], problem: msgspec.ValidationError) -> GuruError:
    """Returns an error that says which parameter is wrong, without saying anything that was not sent."""
    return error(f"{' '.join((error.__doc__ or '').split())} {problem}")
