"""What tags tell and take over REST."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from gururmm_server.core.fleet.schemas import TargetFilter
from gururmm_server.infra.shapes import Answer, Exact

Tag = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=40, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"),
    AfterValidator(str.lower),
]
"""Letters and digits, with `_`, `.` and `-` between them, so that it needs no quotes in a query."""
MOST_AT_ONCE = 5000
Ids = Annotated[list[UUID], Field(max_length=MOST_AT_ONCE)]
Tagged = Annotated[list[Tag], Field(max_length=20)]


class TagCount(Answer, frozen=True, kw_only=True):
    """A tag, and on how many it hangs itself."""

    tag: str
    agents: int
    sites: int
    clients: int


class TagCounts(Answer, frozen=True, kw_only=True):
    items: list[TagCount]


class AgentTag(Answer, frozen=True, kw_only=True):
    """A tag of a machine: its own, or that of its Site or Client."""

    tag: str
    of: Literal["agent", "site", "client"]


class AgentTags(Answer, frozen=True, kw_only=True):
    items: list[AgentTag]


class TagChange(Exact):
    """Which tags to hang on these, and which to take off. `filter`: all machines that it means."""

    agent_ids: Ids = Field(default_factory=list)
    filter: TargetFilter | None = None
    site_ids: Ids = Field(default_factory=list)
    client_ids: Ids = Field(default_factory=list)
    add: Tagged = Field(default_factory=list)
    remove: Tagged = Field(default_factory=list)

    @model_validator(mode="after")
    def _something(self) -> Self:
        chosen = self.agent_ids or self.filter or self.site_ids or self.client_ids
        if not chosen or not (self.add or self.remove):
            raise ValueError("say what to tag, and with what")
        return self
