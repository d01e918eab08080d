"""What settings do by the clock, and when something was changed for every Partner."""

from collections.abc import Sequence
from typing import Final

import msgspec

from gururmm_server.core.orders.signing import OrderSigner
from gururmm_server.core.post.service import Post
from gururmm_server.core.setting import Level
from gururmm_server.core.settings import _orders_repository as repository
from gururmm_server.core.settings.orders import settle
from gururmm_server.infra.database import Database
from gururmm_server.infra.outbox import Envelope

_BATCH: Final = 200


class _Change(msgspec.Struct, frozen=True):
    level: Level


_envelope = msgspec.json.Decoder(Envelope)
_change = msgspec.json.Decoder(_Change)


async def sign_settings(db: Database, post: Post, signer: OrderSigner) -> int:
    """Signs what agents are told: of new Partners, of all each day and after a rotation. Returns for how many Partners.

    An order lives for a week, so agents that come back while no worker runs get a valid one for days.
    """
    signed = 0
    while True:
        async with db.worker() as tx:
            found = await repository.due(tx, signer.key.key_id, _BATCH)
            changed = await settle(tx, signer, found)
            for tenant_id in changed:
                tx.after_commit(post.settings_changed, tenant_id)
        signed += len(changed)
        if not found:
            return signed


async def tell_all(db: Database, post: Post, signer: OrderSigner, envelopes: Sequence[bytes]) -> None:
    """Signs what was changed for every Partner, and tells agents; what a Partner changed is told by whoever did it."""
    found = [_envelope.decode(each) for each in envelopes]
    tenants = {each.tenant_id for each in found if _change.decode(each.payload).level is Level.PLATFORM}
    if not tenants:
        return
    async with db.worker() as tx:
        for tenant_id in await settle(tx, signer, tenants):
            tx.after_commit(post.settings_changed, tenant_id)
