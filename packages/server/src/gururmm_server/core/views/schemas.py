"""What saved views tell and take over REST."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StrictBool, StringConstraints

from gururmm_server.infra.fields import Name
from gururmm_server.infra.shapes import Answer, Exact

Sort = Annotated[str, StringConstraints(pattern=r"^-?[a-z_]{1,32}$")]
Column = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,32}$")]
Columns = Annotated[list[Column], Field(max_length=30)]


class View(Answer, frozen=True, kw_only=True):
    """A view of the fleet. `own`: the caller's, who may change it; `columns`: those that it shows, in order."""

    id: UUID
    name: str
    query: str
    sort: str
    columns: list[str]
    shared: bool
    own: bool
    saved_by: str
    saved_at: datetime


class Views(Answer, frozen=True, kw_only=True):
    items: list[View]


class NewView(Exact):
    """What somebody wants to come back to. `shared`: everybody of the Partner who sees every Client has it, too."""

    name: Name
    query: str = ""
    sort: Sort = "hostname"
    columns: Columns = Field(default_factory=list)
    shared: StrictBool = False


class ViewChange(Exact):
    """What is left out stays as it is."""

    name: Name | None = None
    query: str | None = None
    sort: Sort | None = None
    columns: Columns | None = None
    shared: StrictBool | None = None
