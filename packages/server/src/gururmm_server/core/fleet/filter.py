"""Which machines somebody means: the filter that the fleet list, bulk commands and counts share."""

import re
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from gururmm_server.core.agents.os_family import OsFamily
from gururmm_server.core.search.kinds import contains
from gururmm_server.infra.paging import folded, search_words

Status = Literal["online", "offline", "problem"]
_MAC = re.compile(r"[0-9a-f]{12}|[0-9a-f]{4}(\.[0-9a-f]{4}){2}|[0-9a-f]{2}(-[0-9a-f]{2}){2,5}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class FleetFilter:
    """All that is set must hold. `search` is words, each a substring of what a machine is known by; `q` is a query."""

    search: str = ""
    status: Status | None = None
    client_id: UUID | None = None
    site_id: UUID | None = None
    os: OsFamily | None = None
    hostname: str | None = None
    """The whole name, whatever its case."""
    q: str = ""
    """In the query language (`core.search`)."""


def patterns(search: str) -> list[str]:
    """Returns LIKE patterns for the words of a search, the longest first."""
    words = " ".join(_as_stored(word) for word in search.split())
    return sorted(search_words(words), key=len, reverse=True)[:10]


def text_patterns(text: str) -> list[str]:
    """Returns LIKE patterns for a text of a query: those of a word, or one for a phrase, which has spaces."""
    return patterns(text) if text.split() == [text] else [contains(folded(text))]


def _as_stored(word: str) -> str:
    """Returns a MAC address, however a system prints it, as it is stored, with colons; any other word as it is."""
    if not _MAC.fullmatch(word):
        return word
    digits = re.sub("[-:.]", "", word)
    return ":".join(digits[place : place + 2] for place in range(0, len(digits), 2))
