"""What a Partner may use of what all share, and what it has used.

Owns core.partner_quotas and core.partner_usage. Refuses to know what is used: whoever lets a Partner use something asks
here first, in the transaction that uses it.
"""

from collections.abc import Sequence
from typing import Final

from gururmm_server.core.component import Component, House, Job


def _jobs(house: House) -> Sequence[Job]:
    from gururmm_server.core.quotas.jobs import forget

    return [Job("usage", 6 * 3600, lambda: forget(house.db))]


COMPONENT: Final = Component(
    name="quotas",
    tables=("partner_quotas", "partner_usage"),
    offers=("given_quotas", "partner_use"),
    jobs=_jobs,
)
