"""The kinds of channels, one file for each. A new kind is a file here and a name in `KINDS`."""

from collections.abc import Callable
from typing import Final

from gururmm_agent.tunnel.channel import Channel, Opening
from gururmm_agent.tunnel.channels import terminal

KINDS: Final[dict[str, Callable[[Opening], Channel]]] = {terminal.KIND: terminal.open_terminal}
"""How a channel of each kind is opened. Each raises `Refused`, `Unsupported` or `OSError`."""
