"""The machines that the larger benchmarks share, made when the first of them asks."""

import asyncio
from typing import Final

import asyncpg

from gururmm_bench.seed import Machine, Seeder
from gururmm_bench.stack import Stack

PARTNER_AGENTS: Final = 10_000
OTHER_PARTNERS: Final = 9


class Population:
    """10,000 enrolled machines in the demo's Partner; with `everybody`, 90,000 more in nine others."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._partner: list[Machine] = []
        self._others = False

    def partner(self) -> list[Machine]:
        """The Partner's machines, with their keys."""
        if not self._partner:
            self._partner = asyncio.run(self._seed_partner())
        return self._partner

    def everybody(self) -> None:
        """Make sure that all 100,000 are there."""
        self.partner()
        if not self._others:
            asyncio.run(self._seed_others())
            self._others = True

    async def _seed_partner(self) -> list[Machine]:
        connection = await asyncpg.connect(self._stack.database_url)
        try:
            return await Seeder(connection).machines(self._stack.tenant_id, PARTNER_AGENTS, seed="partner")
        finally:
            await connection.close()

    async def _seed_others(self) -> None:
        """Two at a time: a core each."""
        remaining = iter(range(1, OTHER_PARTNERS + 1))

        async def some() -> None:
            connection = await asyncpg.connect(self._stack.database_url)
            try:
                seeder = Seeder(connection)
                for number in remaining:
                    tenant_id = await seeder.partner(f"Bench Partner {number}")
                    await seeder.machines(tenant_id, PARTNER_AGENTS, seed=f"other-{number}")
            finally:
                await connection.close()

        await asyncio.gather(some(), some())
