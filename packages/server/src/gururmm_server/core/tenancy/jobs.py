"""What tenancy does by the clock."""

from typing import Final

from gururmm_server.core.orders.signing import OrderSigner
from gururmm_server.core.post.traffic import settings_changed
from gururmm_server.core.tenancy import _settings_repository as repository
from gururmm_server.core.tenancy.settings_order import settings_order
from gururmm_server.infra.database import Database
from gururmm_server.infra.nats import Bus

_BATCH: Final = 500


async def sign_settings(db: Database, bus: Bus, signer: OrderSigner) -> int:
    """Sign new Partners' settings, and all others' each day and after a rotation. Returns how many those were.

    An order lives for a week, so agents that come back while no worker runs get a valid one for days.
    """
    signed = 0
    while True:
        key_id = signer.key.key_id
        async with db.worker() as tx:
            found = await repository.unsigned(tx, key_id, _BATCH)
            if not found:
                return signed
            orders = await signer.sign_all([settings_order(*each) for each in found.items()])
            await repository.sign(tx, key_id, list(zip(found, orders, strict=True)))
        for tenant_id in found:
            await bus.publish(settings_changed(tenant_id), b"")
        signed += len(found)
