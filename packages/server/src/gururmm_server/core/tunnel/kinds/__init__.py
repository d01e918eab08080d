"""The kinds of channels, one file for each. A new kind is a file here and a name in `KINDS`."""

from typing import Final

from gururmm_server.core.tunnel.errors import UnknownKind
from gururmm_server.core.tunnel.kind import ChannelKind
from gururmm_server.core.tunnel.kinds.terminal import Terminal

KINDS: Final[dict[str, ChannelKind]] = {kind.name: kind for kind in (Terminal(),)}


def kind_of(name: str) -> ChannelKind:
    """Returns the kind of this name. Raises `UnknownKind`."""
    kind = KINDS.get(name)
    if kind is None:
        raise UnknownKind(f"This server knows no channels of the kind {name!r}.")
    return kind
