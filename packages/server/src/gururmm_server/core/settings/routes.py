"""REST of settings: /settings and /platform/settings; those of a Site are at /sites/{site_id}/settings."""

from typing import Annotated

from fastapi import APIRouter, Response

from gururmm_server.core.access.doors import requires, requires_platform
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.access.subject import Subject
from gururmm_server.core.setting import Level
from gururmm_server.core.settings.permissions import PLATFORM_SETTINGS, SETTINGS_READ, SETTINGS_WRITE
from gururmm_server.core.settings.schemas import Changes, ChangesAt, SettingsPage
from gururmm_server.core.settings.service import SettingsService
from gururmm_server.infra.responses import json_response

Reader = Annotated[Scope, requires(SETTINGS_READ)]
Writer = Annotated[Scope, requires(SETTINGS_WRITE)]
Staff = Annotated[Subject, requires_platform(PLATFORM_SETTINGS)]


def build_router(settings: SettingsService) -> APIRouter:
    """Returns the routes of a Partner's settings and of the Platform's."""
    router = APIRouter(tags=["settings"])
    of_partner, of_platform = (ChangesAt(settings.declared, each) for each in (Level.PARTNER, Level.PLATFORM))

    @router.get("/settings", response_model=SettingsPage)
    async def get_settings(caller: Reader) -> Response:
        return json_response(await settings.page(caller))

    @router.patch("/settings", response_model=SettingsPage)
    async def change_settings(body: Annotated[Changes, of_partner], caller: Writer) -> Response:
        return json_response(await settings.change(caller, body))

    @router.get("/platform/settings", response_model=SettingsPage)
    async def get_platform_settings(caller: Staff) -> Response:
        return json_response(await settings.platform_page(caller))

    @router.patch("/platform/settings", response_model=SettingsPage)
    async def change_platform_settings(body: Annotated[Changes, of_platform], caller: Staff) -> Response:
        return json_response(await settings.change_platform(caller, body))

    return router
