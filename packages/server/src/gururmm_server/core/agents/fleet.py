"""Which machines somebody means: the filter that the fleet list, bulk commands and counts share."""

import re
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from gururmm_server.core.agents.os_family import OsFamily
from gururmm_server.infra.paging import search_words

Status = Literal["online", "offline", "problem"]
_MAC = re.compile(r"[0-9a-f]{12}|[0-9a-f]{4}(\.[0-9a-f]{4}){2}|[0-9a-f]{2}(-[0-9a-f]{2}){2,5}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FleetFilter:
    """All that is set must hold. `search` is words, each a substring of what a machine is known by."""

    search: str = ""
    status: Status | None = None
    client_id: UUID | None = None
    site_id: UUID | None = None
    os: OsFamily | None = None
    hostname: str | None = None
    """The whole name, whatever its case."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """A filter as SQL: one list for core.agents `a`, one for core.agent_state `s`, and the values they bind."""

    agents: list[str]
    state: list[str]
    values: list[Any]


_STATUS_SQL = {"online": "s.online", "offline": "not s.online", "problem": "s.problems <> '{}'"}


def conditions(fleet: FleetFilter, known: list[UUID] | None = None) -> Conditions:
    """Compile a filter. Values are bound from $1 on. `known`: the machines that the longest word was found to mean."""
    made = Conditions([], [], [])

    def bind(value: Any) -> str:
        made.values.append(value)
        return f"${len(made.values)}"

    if known is not None:
        made.agents.append(f"a.agent_id = any({bind(known)}::uuid[])")
    # As a number: the planner takes a bare LIKE for rare, and a common word would then cost a lookup for each machine.
    made.agents.extend(f"(a.search_text like {bind(word)})::int > 0" for word in patterns(fleet.search))
    if fleet.status is not None:
        made.state.append(_STATUS_SQL[fleet.status])
    if fleet.hostname is not None:
        made.agents.append(f"lower(a.hostname) = lower({bind(fleet.hostname)})")
    if fleet.site_id is not None:
        made.agents.append(f"a.site_id = {bind(fleet.site_id)}")
    if fleet.os is not None:
        made.agents.append(f"a.os_family = {bind(fleet.os)}")
    if fleet.client_id is not None:
        place = bind(fleet.client_id)
        if made.agents or not made.state:
            made.agents.append(f"a.client_id = {place}")
        else:
            made.state.append(f"s.client_id = {place}")
    return made


def patterns(search: str) -> list[str]:
    """LIKE patterns for the words of a search, the longest first."""
    words = " ".join(_as_stored(word) for word in search.split())
    return sorted(search_words(words), key=len, reverse=True)[:10]


def _as_stored(word: str) -> str:
    """A MAC address as it is stored, with colons, in whichever way a system prints it; any other word as it is."""
    if not _MAC.fullmatch(word):
        return word
    digits = re.sub("[-:.]", "", word)
    return ":".join(digits[place : place + 2] for place in range(0, len(digits), 2))
