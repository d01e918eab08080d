"""Asks an api everything that its OpenAPI document allows, and what it forbids, and holds each answer against it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from uuid import UUID

import hypothesis
import requests
from gururmm_server.core.access.permissions import Role
from hypothesis import strategies as st
from schemathesis import APIOperation, BaseSchema, Case, GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import negative_data_rejection

from .conftest import Api, House

_EXAMPLES = 8
_COOKIES = (negative_data_rejection,)
"""A cookie that the document forbids can mostly not be sent as it is: a `;` ends it, and the rest is fine."""


class Asker:
    """One caller's requests, and what was wrong with their answers.

    What a request changes or ends must not spoil the next one: every request comes in a session of its own from an
    address of its own, and after each that changed something the caller is in a new Partner.
    """

    def __init__(self, api: Api, role: Role | None, furnish: Callable[[int], Awaitable[House]]) -> None:
        """`furnish` makes the Partner of that number; it is run in the loop that this is made in."""
        self._api = api
        self._role = role
        self._furnish = furnish
        self._loop = asyncio.get_running_loop()
        self._browser = requests.Session()
        self._houses = 0
        self._house: House | None = None
        self.statuses: Counter[tuple[str, int]] = Counter()
        """How often an operation (`GET /api/v1/agents`) was answered with a status."""
        self.failures: list[str] = []

    @property
    def asked(self) -> int:
        """How many requests were made."""
        return self.statuses.total()

    def untouched(self) -> set[str]:
        """Returns the operations that were never answered with what was asked for."""
        done = {label for label, status in self.statuses if status < 300}
        return {label for label, _ in self.statuses} - done

    async def ask(self, schema: BaseSchema, modes: Iterable[GenerationMode], prefix: str = "") -> None:
        """Ask each operation whose path begins so: the corners of its parameters, then some at random."""
        operations = [each.ok() for each in schema.get_all_operations()]
        for operation in operations:
            if operation.path.startswith(prefix):
                await asyncio.to_thread(self._ask_operation, operation, list(modes))
        self._browser.close()

    def _ask_operation(self, operation: APIOperation[Any, Any, Any, Any], modes: list[GenerationMode]) -> None:
        self._house = None
        generation = operation.schema.config.generation
        for case in operation.schema.iter_coverage_cases(
            operation, generation_modes=modes, generation_config=generation
        ):
            self._send(case)

        @hypothesis.settings(
            max_examples=_EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=st.one_of([operation.as_strategy(generation_mode=mode) for mode in GenerationMode]))
        def at_random(case: Case) -> None:
            self._send(case)

        at_random()

    def _send(self, case: Case) -> None:
        house = self._house = self._house or self._furnished()
        _name_things(case, house.ids)
        number = self.asked
        headers = {
            "Authorization": f"Bearer {self._api.token(self._role, house=house)}",
            "X-Forwarded-For": f"198.18.{number >> 8 & 255}.{number & 255}",
        }
        response = case.call(base_url=self._api.base, session=self._browser, headers=headers)
        self.statuses[case.operation.label, response.status_code] += 1
        try:
            case.validate_response(response, excluded_checks=list(_COOKIES) if case.cookies else None)
        except FailureGroup as group:
            self.failures += [f"{case.operation.label}: {failure}\n{response.text}" for failure in group.exceptions]
        if response.status_code < 300 and case.method != "GET":
            self._house = None

    def _furnished(self) -> House:
        self._houses += 1
        return asyncio.run_coroutine_threadsafe(self._furnish(self._houses), self._loop).result(30)


def _name_things(case: Case, ids: dict[str, Any]) -> None:
    """Let a request name what is there, where it names a thing by a well-formed id that nothing has."""
    ids = ids | {"tenant_id": ids["partner_id"], "user_id": ids["colleague"]}
    if case.method == "GET":
        # An answer about a command that waits takes as long as it was asked to wait.
        ids["command_id"] = ids["finished"]
    if case.method == "DELETE":
        ids |= {"client_id": ids["empty_client"], "site_id": ids["empty_site"]}
    if case.path.startswith("/api/v1/auth/"):
        ids["session_id"] = ids["sign_in"]
    if "token" in case.path_parameters and case.meta is not None and case.meta.generation.mode.is_positive:
        case.path_parameters = {"token": str(ids["token"])}
    for part in ("path_parameters", "query", "body"):
        value = getattr(case, part)
        if isinstance(value, dict | list) and value:
            setattr(case, part, _named(value, ids))


def _named(value: Any, ids: dict[str, Any], name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _named(inner, ids, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_named(inner, ids, name.removesuffix("s")) for inner in value]
    return str(ids[name]) if name in ids and _is_id(value) else value


def _is_id(value: Any) -> bool:
    try:
        UUID(value)
    except (ValueError, TypeError, AttributeError):
        return False
    return True
