"""Kind `terminal`: a program on a pseudo-terminal. Input and output are its bytes."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from gururmm_wire.v2.agent import Label

KIND: Final = "terminal"
RIGHT_INPUT: Final = "input"
"""The technician may type."""

Cells = Annotated[int, Meta(ge=1, le=1000)]


class Size(msgspec.Struct, frozen=True):
    """The window's size: what `TunnelChange` says."""

    columns: Cells
    rows: Cells


class Parameters(msgspec.Struct, frozen=True):
    """What `TunnelOpen` says. `shell` is a name or a path, empty for the user's own; `directory` likewise."""

    columns: Cells = 120
    rows: Cells = 32
    shell: Label = ""
    directory: Label = ""
