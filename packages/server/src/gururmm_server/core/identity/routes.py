"""REST of identity: /auth and /users."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import APIRouter, Cookie, Request, Response

from gururmm_server.core.access.doors import public, requires
from gururmm_server.core.access.errors import NotSignedIn
from gururmm_server.core.access.freshness import ALWAYS
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.idempotency.doors import OncePerKey, once_per_key
from gururmm_server.core.identity.browser import COOKIE, BrowserDoor, device_of
from gururmm_server.core.identity.doors import signed_in
from gururmm_server.core.identity.permissions import USERS_READ, USERS_WRITE
from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.identity.schemas import (
    AcceptInvitation,
    ChangePassword,
    Invitation,
    InvitationLink,
    InvitedUser,
    Me,
    NewPassword,
    NewUser,
    PasswordStrength,
    SecondFactor,
    SecondStep,
    Session,
    SignedIn,
    SignIn,
    SwitchPartner,
    User,
    UserChange,
)
from gururmm_server.core.identity.service import Identity
from gururmm_server.core.identity.sessions import SORTS as SESSION_SORTS
from gururmm_server.core.identity.users import SORTS, Users
from gururmm_server.infra.paging import Page, PageQuery, page_query

UsersWriter = Annotated[Scope, requires(USERS_WRITE, fresh=ALWAYS)]
RefreshCookie = Annotated[str, Cookie(alias=COOKIE, max_length=200)]


def build_router(identity: Identity, users: Users, door: BrowserDoor) -> APIRouter:
    """Returns the routes of /auth and /users."""
    router = APIRouter(route_class=OncePerKey)
    _add_sign_in(router, identity, door)
    _add_invitations(router, identity, door)
    _add_sessions(router, identity, door)
    _add_password(router, identity)
    _add_users(router, users)
    return router


def _add_sign_in(router: APIRouter, identity: Identity, door: BrowserDoor) -> None:
    @router.post("/auth/sign-in", dependencies=[public()], tags=["auth"])
    async def sign_in(body: SignIn, request: Request, response: Response) -> SignedIn | SecondStep:
        token = door.own_token(request)
        started = await identity.sign_in(body.email, body.password, device_of(request), token)
        return started if isinstance(started, SecondStep) else door.hand_over(started, request, response)

    @router.post("/auth/second-step", dependencies=[public()], tags=["auth"])
    async def finish_sign_in(body: SecondFactor, request: Request, response: Response) -> SignedIn:
        door.check_origin(request)
        started = await identity.finish_sign_in(body.step_token, body, device_of(request))
        return door.hand_over(started, request, response)

    @router.post("/auth/refresh", dependencies=[public()], tags=["auth"])
    async def refresh(request: Request, response: Response, token: RefreshCookie = "") -> SignedIn:
        door.check_origin(request)
        if not token:
            raise NotSignedIn
        return door.hand_over(await identity.keeper.refresh(token, device_of(request)), request, response)

    @router.post("/auth/sign-out", dependencies=[public()], status_code=204, tags=["auth"])
    async def sign_out(request: Request, response: Response, token: RefreshCookie = "") -> None:
        door.check_origin(request)
        if token:
            await identity.keeper.end_by_token(token)
        door.forget(response)

    @router.post("/auth/sign-out-everywhere", status_code=204, tags=["auth"])
    async def sign_out_everywhere(caller: Annotated[Principal, signed_in(factorless=True)], response: Response) -> None:
        await identity.keeper.end_all(caller)
        door.forget(response)

    @router.get("/auth/me", tags=["auth"])
    async def me(caller: Annotated[Principal, signed_in(factorless=True)]) -> Me:
        return await identity.keeper.me(caller)

    @router.post("/auth/switch-partner", tags=["auth"])
    async def switch_partner(
        body: SwitchPartner, caller: Annotated[Principal, signed_in()], request: Request, response: Response
    ) -> SignedIn:
        token = door.own_token(request)
        started = await identity.switch_partner(caller, body.tenant_id, device_of(request), token)
        return door.hand_over(started, request, response)


def _add_invitations(router: APIRouter, identity: Identity, door: BrowserDoor) -> None:
    @router.get("/auth/invitation/{token}", dependencies=[public()], tags=["auth"])
    async def show_invitation(token: str) -> Invitation:
        return await identity.invitations.show(token)

    @router.post("/auth/invitation/{token}/strength", dependencies=[public()], tags=["auth"])
    async def judge_first_password(token: str, body: NewPassword) -> PasswordStrength:
        """How hard a password is to guess that the invited person is about to choose. Nothing is kept of it."""
        found = await identity.invitations.strength(token, body.password)
        return PasswordStrength(**msgspec.structs.asdict(found))

    @router.post("/auth/invitation/{token}", dependencies=[public()], tags=["auth"])
    async def accept_invitation(
        token: str, body: AcceptInvitation, request: Request, response: Response
    ) -> SignedIn | SecondStep:
        door.check_origin(request)
        started = await identity.invitations.accept(token, body.password, body.name, device_of(request))
        return started if isinstance(started, SecondStep) else door.hand_over(started, request, response)


def _add_sessions(router: APIRouter, identity: Identity, door: BrowserDoor) -> None:
    @router.get("/auth/sessions", tags=["auth"])
    async def sessions(
        caller: Annotated[Principal, signed_in()],
        query: Annotated[PageQuery, page_query(SESSION_SORTS, "-last_used_at")],
    ) -> Page[Session]:
        return await identity.keeper.list(caller, query)

    @router.post("/auth/sessions/{session_id}/end", status_code=204, tags=["auth"])
    async def end_session(session_id: UUID, caller: Annotated[Principal, signed_in()], response: Response) -> None:
        await identity.keeper.end(caller, session_id)
        if session_id == caller.session_id:
            door.forget(response)


def _add_password(router: APIRouter, identity: Identity) -> None:
    @router.post("/auth/password/strength", tags=["auth"])
    async def judge_password(body: NewPassword, caller: Annotated[Principal, signed_in()]) -> PasswordStrength:
        """How hard a password is to guess that the caller is about to choose. Nothing is kept of it."""
        found = await identity.passwords.strength(body.password, caller.email)
        return PasswordStrength(**msgspec.structs.asdict(found))

    @router.post("/auth/password", status_code=204, tags=["auth"])
    async def change_password(
        body: ChangePassword, caller: Annotated[Principal, signed_in()], request: Request
    ) -> None:
        await identity.change_password(caller, body.current_password, body.new_password, device_of(request))


def _add_users(router: APIRouter, users: Users) -> None:
    @router.get("/users", tags=["users"])
    async def list_users(
        caller: Annotated[Scope, requires(USERS_READ)],
        query: Annotated[PageQuery, page_query(SORTS, "email")],
    ) -> Page[User]:
        return await users.list(caller, query)

    @router.post("/users", status_code=201, tags=["users"], dependencies=[once_per_key()])
    async def invite_user(body: NewUser, caller: UsersWriter) -> InvitedUser:
        return await users.invite(caller, body)

    @router.patch("/users/{user_id}", tags=["users"])
    async def change_user(user_id: UUID, body: UserChange, caller: UsersWriter) -> User:
        return await users.change(caller, user_id, body)

    @router.delete("/users/{user_id}", status_code=204, tags=["users"])
    async def remove_user(user_id: UUID, caller: UsersWriter) -> None:
        await users.remove(caller, user_id)

    @router.post("/users/{user_id}/invitation", tags=["users"], dependencies=[once_per_key()])
    async def renew_invitation(user_id: UUID, caller: UsersWriter) -> InvitationLink:
        return await users.renew_invitation(caller, user_id)

    @router.post("/users/{user_id}/factors/reset", status_code=204, tags=["users"])
    async def reset_factors(user_id: UUID, caller: UsersWriter) -> None:
        await users.reset_factors(caller, user_id)
