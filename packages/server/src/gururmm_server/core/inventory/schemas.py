"""The shapes of a machine's inventory in the API's description.

Answers are encoded straight from rows; a test holds every answer against these.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from gururmm_server.infra.shapes import Exact


class Software(Exact):
    name: str
    version: str
    source: str


class Change(Exact):
    id: UUID
    at: datetime
    section: str
    key: str
    change: Literal["added", "changed", "removed"]
    before: Any
    after: Any
