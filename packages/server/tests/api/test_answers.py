"""The look at every answer sees an answer that is not as its route declares."""

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Response
from pydantic import BaseModel

from packages.server.tests.answers import Checked

router = APIRouter(prefix="/api")


class Count(BaseModel):
    count: int


def answer(body: str, status: int = 200, kind: str = "application/json") -> Response:
    return Response(body, status, media_type=kind)


@router.get("/right", response_model=Count)
async def right() -> Response:
    return answer('{"count": 1}')


@router.get("/text", response_model=Count)
async def text() -> Response:
    return answer('{"count": "1"}')


@router.get("/missing", response_model=Count)
async def missing() -> Response:
    return answer("{}")


@router.get("/not-json", response_model=Count)
async def not_json() -> Response:
    return answer("1", kind="text/plain")


@router.get("/undeclared", response_model=Count)
async def undeclared() -> Response:
    return answer('{"count": 1}', 202)


@router.get("/declared", response_model=None, responses={202: {"model": Count}})
async def declared() -> Response:
    return answer('{"count": 1}', 202)


@router.get("/declared-otherwise", response_model=Count, responses={202: {"model": list[int]}})
async def declared_otherwise() -> Response:
    return answer('{"count": 1}', 202)


@router.get("/no-shape", response_model=None)
async def no_shape() -> Response:
    return answer('{"count": 1}')


@router.get("/empty", response_model=None, status_code=204)
async def empty() -> Response:
    return Response(status_code=204)


@router.get("/no-problem", response_model=Count)
async def no_problem() -> Response:
    return answer('{"detail": "no"}', 404)


@router.get("/problem", response_model=Count)
async def problem() -> Response:
    return answer('{"code": "not_found", "message": "No.", "request_id": "1", "details": null}', 404)


@pytest.mark.parametrize("name", ["right", "declared", "empty", "problem"])
async def test_an_answer_as_declared_is_fine(name: str) -> None:
    assert await ask(name) == []


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("text", "count"),
        ("missing", "count"),
        ("not-json", "did not answer JSON"),
        ("undeclared", "answered 202"),
        ("declared-otherwise", "valid array"),
        ("no-shape", "declares no shape"),
        ("no-problem", "request_id"),
    ],
)
async def test_any_other_answer_is_told(name: str, why: str) -> None:
    (fault,) = await ask(name)
    assert fault.startswith(f"GET /api/{name}: ")
    assert why in fault


async def ask(name: str) -> list[str]:
    app, faults = FastAPI(), list[str]()
    app.include_router(router)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(Checked(app, faults.append)), base_url="http://api"
    ) as client:
        await client.get(f"/api/{name}")
    return faults
