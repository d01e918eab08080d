"""An authenticator app in somebody's hand: what it shows, computed without any code of ours."""

import base64
import hashlib
import hmac
import struct
import time
from typing import Any

from .conftest import PASSWORD, Answer, Api

PERIOD_S = 30


def code_of(secret: str, periods_from_now: int = 0) -> str:
    """What an app shows of a secret now (RFC 4226 and 6238, written down here once more, apart from the product)."""
    counter = struct.pack(">Q", int(time.time()) // PERIOD_S + periods_from_now)
    digest = hmac.digest(base64.b32decode(secret), counter, hashlib.sha1)
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


async def set_up(api: Api, token: str) -> tuple[str, list[str]]:
    """Sets an app up, as if that had been some time ago. Returns its secret and the recovery codes."""
    begun = (await api.ask("POST", "/auth/factors/totp", token=token)).body
    confirmed = await confirm(api, token, code_of(begun["secret"]))
    assert confirmed.status == 200, confirmed.body
    async with api.db.identity() as tx:
        await tx.execute("update core.totp_factors set last_counter = 0")
    return begun["secret"], confirmed.body["recovery_codes"]


async def confirm(api: Api, token: str, code: str) -> Answer:
    return await api.ask("POST", "/auth/factors/totp/confirm", {"code": code}, token=token)


async def first_step(api: Api, email: str, password: str = PASSWORD, **asked: Any) -> str:
    """Gives the password. Returns by what the second step goes on."""
    answer = await api.ask("POST", "/auth/sign-in", {"email": email, "password": password}, **asked)
    assert answer.status == 200, answer.body
    assert "access_token" not in answer.body
    token: str = answer.body["step_token"]
    return token


async def second_step(api: Api, step_token: str, code: str, **asked: Any) -> Answer:
    return await api.ask("POST", "/auth/second-step", {"step_token": step_token, "code": code}, **asked)
