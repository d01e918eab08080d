"""What the OpenAPI document says, every answer keeps to, whatever is asked and whoever asks: and none is a 5xx."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest
import schemathesis
from fastapi import APIRouter, Response
from gururmm_server.core.access.permissions import Role
from gururmm_server.infra.database import Database
from gururmm_server.infra.nats import Bus
from schemathesis import BaseSchema, GenerationMode

from .asking import Asker
from .conftest import Api, House
from .furnished import furnish

EVERYTHING = tuple(GenerationMode)
WELL_FORMED = (GenerationMode.POSITIVE,)
PLATFORM = "/api/v1/platform"

NEEDS_MORE = {
    # What a person knows, or a browser keeps:
    "POST /api/v1/auth/sign-in",
    "POST /api/v1/auth/second-step",
    "POST /api/v1/auth/passkey",
    "POST /api/v1/auth/step-up",
    "POST /api/v1/auth/step-up/passkey",
    "POST /api/v1/auth/factors/passkeys",
    "DELETE /api/v1/auth/factors/passkeys/{passkey_id}",
    "POST /api/v1/auth/factors/totp/confirm",
    "DELETE /api/v1/auth/factors/totp",
    "POST /api/v1/auth/factors/recovery-codes",
    "POST /api/v1/auth/refresh",
    "POST /api/v1/auth/password",
    "POST /api/v1/auth/switch-partner",
    # A machine that is connected:
    "GET /api/v1/agents/{agent_id}/processes",
    "GET /api/v1/agents/{agent_id}/folders",
    "POST /api/v1/tunnel/open",
    "POST /api/v1/tunnel/sessions/{session_id}/channels",
    "POST /api/v1/tunnel/ticket/{session_id}",
}
"""Operations that no generated request carries out: tests of their own do."""


@pytest.fixture
def public_url() -> str:
    """One for which browsers make passkeys."""
    return "https://rmm.example.org"


@pytest.fixture
def trusted_proxies() -> tuple[str, ...]:
    """Each request may say which address it comes from, so that none is refused for those before it."""
    return ("127.0.0.1",)


async def read_document(api: Api) -> BaseSchema:
    """Returns the document, as the api under test serves it."""
    served = (await api.ask("GET", "/openapi.json")).body
    config = schemathesis.Config.from_path(Path(__file__).with_name("schemathesis.toml"))
    schema: BaseSchema = schemathesis.openapi.from_dict(served, config=config)
    return schema


@pytest.fixture
async def document(api: Api) -> BaseSchema:
    return await read_document(api)


Asking = Callable[[Role | None], Asker]


@pytest.fixture
async def asking(api: Api, db: Database, bus: Bus, owner_url: str) -> AsyncIterator[Asking]:
    """Makes somebody of a role (None: Platform staff) who asks."""
    owner = await asyncpg.connect(owner_url)

    async def furnished(number: int) -> House:
        return await furnish(db, bus, owner, f"house-{number}")

    yield lambda role: Asker(api, role, furnished)
    await owner.close()


Tell = Callable[[str, object], None]


def check(asker: Asker, who: str, tell: Tell) -> None:
    """Tell how many requests were made, and fail where an answer was not what the document says."""
    tell("summary", f"OpenAPI document, asked as {who}: {asker.asked} requests, {len(asker.failures)} failures")
    assert not asker.failures, "\n\n".join(asker.failures[:20])


@pytest.mark.takes(30)
@pytest.mark.timeout(300)  # thousands of requests, beside other tests
async def test_a_partner_admin_gets_what_the_document_says(
    asking: Asking, document: BaseSchema, record_property: Tell
) -> None:
    admin = asking(Role.PARTNER_ADMIN)
    await admin.ask(document, EVERYTHING)
    check(admin, "a partner admin", record_property)
    assert {each for each in admin.untouched() if PLATFORM not in each} == NEEDS_MORE


@pytest.mark.takes(15)
@pytest.mark.timeout(300)  # thousands of requests, beside other tests
async def test_a_contact_gets_what_the_document_says(
    asking: Asking, document: BaseSchema, record_property: Tell
) -> None:
    contact = asking(Role.CLIENT_CONTACT)
    await contact.ask(document, WELL_FORMED)
    check(contact, "a contact", record_property)
    assert contact.untouched()


async def test_platform_staff_get_what_the_document_says(
    asking: Asking, document: BaseSchema, record_property: Tell
) -> None:
    staff = asking(None)
    await staff.ask(document, EVERYTHING, PLATFORM)
    check(staff, "Platform staff", record_property)
    # What the browser that signed in keeps: its cookie.
    assert staff.untouched() == {
        "POST /api/v1/platform/partners/{partner_id}/enter",
        "POST /api/v1/platform/leave",
    }


async def test_planted_faults_are_found(api: Api, asking: Asking) -> None:
    """A route that breaks, one that answers in another shape, one with a status that nobody declared."""
    router = APIRouter(prefix="/api/v1/planted")

    @router.get("/breaks")
    async def breaks() -> int:
        raise RuntimeError

    @router.get("/lies", response_model=list[int])
    async def lies() -> Response:
        return Response('{"a": 1}', media_type="application/json")

    @router.get("/surprises", response_model=None)
    async def surprises() -> Response:
        return Response(status_code=203)

    api.app.include_router(router)
    planted = asking(None)
    await planted.ask(await read_document(api), WELL_FORMED, "/api/v1/planted")
    names = {failure.partition(":")[0]: failure for failure in planted.failures}
    assert "Server error" in names["GET /api/v1/planted/breaks"]
    assert "violates schema" in names["GET /api/v1/planted/lies"]
    assert "Undocumented" in names["GET /api/v1/planted/surprises"]
    assert {fault.partition(":")[0] for fault in api.faults} == names.keys() - {"GET /api/v1/planted/breaks"}
    api.faults.clear()
