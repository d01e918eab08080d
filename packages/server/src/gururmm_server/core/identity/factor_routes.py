"""REST of second factors: one's own, proving again that it is oneself, and signing in by a passkey."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response

from gururmm_server.core.access.doors import public, requires
from gururmm_server.core.access.freshness import ALWAYS
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.identity.browser import BrowserDoor, device_of
from gururmm_server.core.identity.doors import signed_in
from gururmm_server.core.identity.own_factors import OwnSecondFactors
from gururmm_server.core.identity.passkey_sign_in import PasskeySignIn
from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.identity.rules import Rules
from gururmm_server.core.identity.schemas import (
    NewPasskey,
    NewTotp,
    OwnFactors,
    PasskeyAnswer,
    PasskeyOptions,
    RecoveryCodes,
    SignedIn,
    SignInRules,
    SignInRulesChange,
    StepUp,
    StepUpMethods,
    TypedCode,
)
from gururmm_server.core.identity.step_up import StepUps
from gururmm_server.core.settings.permissions import SETTINGS_READ, SETTINGS_WRITE

Person = Annotated[Principal, signed_in(factorless=True)]
SurelyPerson = Annotated[Principal, signed_in(fresh=ALWAYS)]
"""Whoever stole a sign-in must neither take a factor away nor add one of their own."""
Beginner = Annotated[Principal, signed_in(fresh=ALWAYS, factorless=True)]
"""Who adds a factor, perhaps because they can do nothing else before."""


def add_factor_routes(
    router: APIRouter,
    *,
    own: OwnSecondFactors,
    step_ups: StepUps,
    passkeys: PasskeySignIn,
    rules: Rules,
    door: BrowserDoor,
) -> None:
    """Adds the routes."""
    _add_step_up(router, step_ups, door)
    _add_own(router, own)
    _add_own_passkeys(router, own)
    _add_passkey_sign_in(router, passkeys, door)
    _add_rules(router, rules)


def _add_step_up(router: APIRouter, step_ups: StepUps, door: BrowserDoor) -> None:
    @router.get("/auth/step-up", tags=["auth"])
    async def step_up_methods(caller: Person) -> StepUpMethods:
        return await step_ups.methods(caller)

    @router.post("/auth/step-up/passkey", tags=["auth"])
    async def begin_step_up_by_passkey(caller: Person) -> PasskeyOptions:
        return PasskeyOptions(options=(await step_ups.passkey_options(caller)).options)

    @router.post("/auth/step-up", tags=["auth"])
    async def step_up(body: StepUp, caller: Person, request: Request) -> SignedIn:
        """Proves that it is still the caller: dangerous acts are then carried out for ten minutes."""
        door.check_origin(request)
        return await step_ups.prove(caller, body, device_of(request))


def _add_own(router: APIRouter, own: OwnSecondFactors) -> None:
    @router.get("/auth/factors", tags=["auth"])
    async def own_factors(caller: Person) -> OwnFactors:
        return await own.list(caller)

    @router.post("/auth/factors/totp", tags=["auth"])
    async def begin_totp(caller: Beginner) -> NewTotp:
        return await own.begin_totp(caller)

    @router.post("/auth/factors/totp/confirm", tags=["auth"])
    async def confirm_totp(body: TypedCode, caller: Beginner, request: Request) -> RecoveryCodes:
        return await own.confirm_totp(caller, body.code, device_of(request))

    @router.delete("/auth/factors/totp", status_code=204, tags=["auth"])
    async def remove_totp(caller: SurelyPerson) -> None:
        await own.remove_totp(caller)

    @router.post("/auth/factors/recovery-codes", tags=["auth"])
    async def new_recovery_codes(caller: SurelyPerson) -> RecoveryCodes:
        return await own.new_codes(caller)


def _add_own_passkeys(router: APIRouter, own: OwnSecondFactors) -> None:
    @router.post("/auth/factors/passkeys/options", tags=["auth"])
    async def begin_passkey(caller: Beginner) -> PasskeyOptions:
        return PasskeyOptions(options=(await own.begin_passkey(caller)).options)

    @router.post("/auth/factors/passkeys", tags=["auth"])
    async def add_passkey(body: NewPasskey, caller: Beginner) -> RecoveryCodes:
        return await own.add_passkey(caller, body)

    @router.delete("/auth/factors/passkeys/{passkey_id}", status_code=204, tags=["auth"])
    async def remove_passkey(passkey_id: UUID, caller: SurelyPerson) -> None:
        await own.remove_passkey(caller, passkey_id)


def _add_passkey_sign_in(router: APIRouter, passkeys: PasskeySignIn, door: BrowserDoor) -> None:
    @router.post("/auth/passkey/options", dependencies=[public()], tags=["auth"])
    async def begin_sign_in_by_passkey(request: Request) -> PasskeyOptions:
        door.check_origin(request)
        return PasskeyOptions(options=(await passkeys.begin(device_of(request))).options)

    @router.post("/auth/passkey", dependencies=[public()], tags=["auth"])
    async def sign_in_by_passkey(body: PasskeyAnswer, request: Request, response: Response) -> SignedIn:
        door.check_origin(request)
        return door.hand_over(await passkeys.finish(body.credential, device_of(request)), request, response)


def _add_rules(router: APIRouter, rules: Rules) -> None:
    @router.get("/sign-in-rules", tags=["settings"])
    async def get_sign_in_rules(caller: Annotated[Scope, requires(SETTINGS_READ)]) -> SignInRules:
        return await rules.get(caller)

    @router.patch("/sign-in-rules", tags=["settings"])
    async def change_sign_in_rules(
        body: SignInRulesChange, caller: Annotated[Scope, requires(SETTINGS_WRITE, fresh=ALWAYS)]
    ) -> SignInRules:
        return await rules.change(caller, second_factor=body.second_factor)
