"""Acting once: a request that creates and comes again with the same `Idempotency-Key` gets the first answer.

Owns core.idempotency_keys. The key is written in the transaction of the act, so there is either both or neither.
Refuses to know what an act is about, and keeps no answer that refused: nothing was done, so it may be asked again.
"""

from collections.abc import Sequence
from typing import Final

from gururmm_server.core.component import Component, House, Job


def _jobs(house: House) -> Sequence[Job]:
    from gururmm_server.core.idempotency.jobs import forget_old

    return [Job("idempotency_keys", 600, lambda: forget_old(house.db))]


COMPONENT: Final = Component(name="idempotency", tables=("idempotency_keys",), jobs=_jobs)
