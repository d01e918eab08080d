"""The shapes of a machine's inventory in the API's description.

Answers are encoded as they are; a test holds every answer against these.
"""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from gururmm_server.infra.shapes import Answer


class Software(Answer, frozen=True, kw_only=True):
    name: str
    version: str
    source: str


class Change(Answer, frozen=True, kw_only=True):
    id: UUID
    at: datetime
    section: str
    key: str
    change: Literal["added", "changed", "removed"]
    before: Any
    after: Any
