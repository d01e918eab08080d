"""How a route says that it acts once for each key.

router = APIRouter(prefix="/notes", route_class=OncePerKey)

@router.post("", status_code=201, dependencies=[once_per_key()])
async def leave_note(…) -> Note: …
"""

import re
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

from fastapi import Depends, Header, Request, Response
from fastapi.routing import APIRoute

from gururmm_server.core.access.doors import caller_of
from gururmm_server.core.idempotency.service import Answered, FirstAnswers, Keyed

HEADER: Final = "Idempotency-Key"
REPLAYED: Final = "Idempotency-Replayed"
_KEY: Final = re.compile(r"[\x20-\x7e]{1,64}")
_DESCRIPTION: Final = (
    "Up to 64 printable ASCII characters, a new UUID for instance. Sent again within 24 hours with the same key, "
    "the request is not carried out a second time: it gets the first answer."
)

Key = Annotated[
    str | None,
    Header(alias=HEADER, min_length=1, max_length=64, pattern=r"^[\x20-\x7e]+$", description=_DESCRIPTION),
]


async def _take_key(_key: Key = None) -> None:
    """Declares the header. What it means is `OncePerKey`'s."""


def once_per_key() -> Any:
    """Declares that a route takes the header `Idempotency-Key`; it has to be one of an `OncePerKey` router."""
    return Depends(_take_key)


class OncePerKey(APIRoute):
    """A route which, where it is declared `once_per_key`, acts once for each key of a subject."""

    def takes_keys(self) -> bool:
        """Tells whether it is declared so."""
        return any(each.call is _take_key for each in self.dependant.dependencies)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Returns what answers a request."""
        act = super().get_route_handler()
        if not self.takes_keys():
            return act

        async def once(request: Request) -> Response:
            key = request.headers.get(HEADER)
            if key is None or not _KEY.fullmatch(key):  # the declared header says what is wrong
                return await act(request)
            return await _act_once(request, key, act)

        return once


async def _act_once(request: Request, key: str, act: Callable[[Request], Coroutine[Any, Any, Response]]) -> Response:
    caller = caller_of(request)
    keyed = Keyed(caller.subject, caller.scope, key, request.url.path, await request.body())
    answers: FirstAnswers = request.app.state.first_answers
    made: list[Response] = []

    async def answer() -> Answered:
        made.append(await act(request))
        return Answered(made[-1].status_code, bytes(made[-1].body))

    answered, again = await answers.once(keyed, answer)
    if not again:
        return made[-1]
    return Response(answered.body, answered.status, {REPLAYED: "true"}, media_type="application/json")
