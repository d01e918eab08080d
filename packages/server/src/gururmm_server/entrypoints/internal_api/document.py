"""What the OpenAPI document says beside FastAPI's own: what each route asks of its caller.

`x-access` is a permission's name, `public` or `signed in`; `x-step-up` is there where a factor has to be proved lately:
`always`, or when. A request without one is answered 403 with the code `step_up_required`.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts


def describe_doors(app: FastAPI) -> None:
    """Makes the app's document say it."""
    plain = app.openapi

    def document() -> dict[str, Any]:
        described: dict[str, Any] = plain()
        for context in iter_route_contexts(app.routes):
            if not isinstance(context.original_route, APIRoute):
                continue
            calls = [dependency.call for dependency in context.dependant.dependencies]
            said = {"x-access": _said(calls, "access_declared"), "x-step-up": _said(calls, "freshness_declared")}
            for method in context.methods or ():
                operation = described["paths"].get(context.path, {}).get(method.lower())
                if operation is not None:
                    operation.update({name: words for name, words in said.items() if words})
        return described

    app.openapi = document  # type: ignore[method-assign]  # as FastAPI's own documentation does it


def _said(calls: list[Any], name: str) -> str:
    """Returns what the doors among a route's dependencies declare."""
    return ", ".join(dict.fromkeys(words for call in calls if (words := getattr(call, name, ""))))
