"""By what people prove, beside their password, that it is they: an authenticator app, passkeys, recovery codes.

Owns core.totp_factors, passkeys, passkey_challenges and recovery_codes. Knows people by their id and no sign-ins: what
somebody may do who has proved it is identity's to say, and so are the audit's rows. All of it works inside the caller's
transaction, in an identity scope.
"""

from collections.abc import Sequence
from typing import Final

from gururmm_server.core.component import Component, House, Job


def _jobs(house: House) -> Sequence[Job]:
    from gururmm_server.core.factors.jobs import purge

    return [Job("purge_challenges", 3600, lambda: purge(house.db))]


COMPONENT: Final = Component(
    name="factors",
    tables=("passkey_challenges", "passkeys", "recovery_codes", "totp_factors"),
    offers=("factor_holders",),
    jobs=_jobs,
)
