"""What is wrong with a request is said for each value, as a sentence that can stand beside its field."""

from typing import Any

import pytest

from .conftest import Api

RUN = {"agent_ids": ["{agent_id}"], "script": "true"}
CASES: list[tuple[str, str, Any, str, str]] = [
    ("POST", "/commands", RUN | {"timeout_s": 0}, "timeout_s", "At least 1."),
    ("POST", "/commands", RUN | {"timeout_s": 1_000_000}, "timeout_s", "At most 86,400."),
    ("POST", "/commands", RUN | {"timeout_s": "soon"}, "timeout_s", "This is not a whole number."),
    (
        "POST",
        "/commands",
        RUN | {"script": "x" * 300_000},
        "script",
        "A script has 131,072 bytes at most, this one has 300,000.",
    ),
    ("POST", "/commands", {"agent_ids": RUN["agent_ids"]}, "script", "Fill this in."),
    ("POST", "/commands", RUN | {"sell": "sh"}, "sell", "There is no such value here."),
    ("POST", "/clients", {"name": ""}, "name", "Fill this in."),
    ("GET", "/agents?search=" + "x" * 3000, None, "search", "At most 200 characters."),
    ("GET", "/agents?limit=0", None, "limit", "At least 1."),
    ("GET", "/agents/nonsense", None, "agent_id", "This is not an id."),
    ("GET", "/agents?status=gone", None, "status", "One of 'online', 'offline' or 'problem'."),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "field", "said"), CASES, ids=[f"{case[3]}: {case[4]}" for case in CASES]
)
async def test_a_wrong_value_is_told_in_a_sentence(
    api: Api, *, method: str, path: str, body: Any, field: str, said: str
) -> None:
    if body is not None and "agent_ids" in body:
        body = body | {"agent_ids": [str(api.own.ids["agent_id"])]}
    answer = await api.ask(method, path, body, token=api.token())
    assert answer.status == 422
    assert {"field": field, "message": said} in answer.body["details"]
