"""A Partner with a machine, its scripted agent, and two api processes' worth of relays."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from gururmm_server.core.access.permissions import Role
from gururmm_server.core.access.scope import system_scope
from gururmm_server.core.audit.reading import verify_all
from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.orders.signing import OrderSigner
from gururmm_server.core.tenancy.partners import every_partner
from gururmm_server.core.tunnel.recording import Block, play
from gururmm_server.core.tunnel.relays import TunnelRelays
from gururmm_server.core.tunnel.service import TunnelService
from gururmm_server.infra.database import Database
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.nats import Bus
from nacl.bindings import crypto_sign_seed_keypair

from packages.server.tests import world
from packages.server.tests.waiting import until

from .scripted import ScriptedAgent, ScriptedBrowser


def person(tenant_id: UUID, role: Role = Role.PARTNER_TECH, client_id: UUID | None = None) -> Principal:
    user_id = new_id()
    return world.person(tenant_id, role, client_id, user_id=user_id, email=f"{user_id.hex[-8:]}@example.org")


async def plant_machine(db: Database, gateway_id: str | None) -> tuple[UUID, UUID]:
    """A new Partner with one machine, online at this gateway: tenant_id, agent_id."""
    tenant_id, client_id, site_id, agent_id = new_id(), new_id(), new_id(), new_id()
    async with db.platform("test@example.org", "planting a Partner") as tx:
        await tx.execute("insert into core.tenants (tenant_id, name) values ($1, 'Northwind IT')", tenant_id)
    async with db.scope(system_scope(tenant_id)) as tx:
        await tx.execute(
            "insert into core.clients (tenant_id, client_id, name) values ($1, $2, 'Acme')", tenant_id, client_id
        )
        await tx.execute(
            "insert into core.sites (tenant_id, site_id, client_id, name) values ($1, $2, $3, 'HQ')",
            tenant_id,
            site_id,
            client_id,
        )
        await tx.execute(
            "insert into core.agents (tenant_id, agent_id, client_id, site_id, client_name, site_name, public_key,"
            " hostname) values ($1, $2, $3, $4, 'Acme', 'HQ', $5, 'nw-srv-01')",
            tenant_id,
            agent_id,
            client_id,
            site_id,
            crypto_sign_seed_keypair(agent_id.bytes * 2)[0],
        )
        await tx.execute(
            "insert into core.agent_state (tenant_id, agent_id, client_id, online, gateway_id)"
            " values ($1, $2, $3, $4, $5)",
            tenant_id,
            agent_id,
            client_id,
            gateway_id is not None,
            gateway_id,
        )
    return tenant_id, agent_id


@dataclass
class House:
    """What a test of the tunnel needs."""

    db: Database
    bus: Bus
    service: TunnelService
    relays: TunnelRelays
    other_service: TunnelService
    """A second api process's."""
    others: TunnelRelays
    """The same process's."""
    tenant_id: UUID
    agent_id: UUID
    agent: ScriptedAgent
    revoked: set[UUID]
    tech: Principal

    async def open(self) -> UUID:
        opened = await self.service.open(self.tech, self.agent_id, "terminal", {"columns": 80, "rows": 24})
        return opened.session_id

    async def attach(
        self, session_id: UUID, browser: ScriptedBrowser, relays: TunnelRelays | None = None
    ) -> ScriptedBrowser:
        browser.relay = None
        browser.close_code = None
        await browser.serve(await (relays or self.relays).attach(session_id, self.tech, browser))
        await until(lambda: browser.control("attached"))
        return browser

    async def value(self, sql: str, *values: object) -> object:
        async with self.db.scope(system_scope(self.tenant_id)) as tx:
            return await tx.fetchval(sql, *values)

    async def execute(self, sql: str, *values: object) -> None:
        async with self.db.scope(system_scope(self.tenant_id)) as tx:
            await tx.execute(sql, *values)

    async def audit(self, session_id: UUID) -> list[tuple[str, bytes | None]]:
        async with self.db.audit_reader(system_scope(self.tenant_id)) as tx:
            rows = await tx.fetch(
                "select operation, input from core.tunnel_audit where session_id = $1 order by seq", session_id
            )
        return [(row["operation"], row["input"]) for row in rows]

    async def recorded(self, session_id: UUID, channel: int = 1) -> list[tuple[str, bytes]]:
        """The recording's pieces: kind and data; of several in a row of one kind o, all together."""
        async with self.db.scope(system_scope(self.tenant_id)) as tx:
            rows = await tx.fetch(
                "select extract(epoch from at)::float8, output_offset, output_bytes, codec::text, data"
                " from core.tunnel_recording where session_id = $1 and channel = $2 order by record_id",
                session_id,
                channel,
            )
            end = await tx.fetchval(
                "select output_recorded from core.tunnel_channels where session_id = $1 and channel = $2",
                session_id,
                channel,
            )
        blocks = [(number, Block(*row)) for number, row in enumerate(rows, 1)]

        async def pages(after: int) -> list[tuple[int, Block]]:
            return blocks[after : after + 3]

        pieces: list[tuple[str, bytes]] = []
        async for piece in play(pages, end):
            if pieces and piece.kind == pieces[-1][0] == "o":
                pieces[-1] = ("o", pieces[-1][1] + piece.data)
            else:
                pieces.append((piece.kind, piece.data))
        return pieces

    async def audited_input(self, session_id: UUID) -> bytes:
        return b"".join(
            data or b"" for operation, data in await self.audit(session_id) if operation == "terminal.input"
        )

    async def audits(self, session_id: UUID, data: bytes) -> None:
        """Wait until the session's audited input is this."""

        async def is_there() -> bool:
            return await self.audited_input(session_id) == data

        await until(is_there)

    async def open_in_the_books(self, session_id: UUID) -> None:
        """Wait until the session's row says that the agent has opened it."""

        async def is_open() -> bool:
            return (await self.service.status(self.tech, session_id)).status == "open"

        await until(is_open)

    async def chain_is_whole(self) -> bool:
        verdicts = await verify_all(self.db, await every_partner(self.db), self.tenant_id)
        return any(each.chain == "tunnel_audit" and each.rows > 0 for each in verdicts) and all(v.ok for v in verdicts)


@pytest.fixture
async def other_bus(nats_url: str) -> AsyncIterator[Bus]:
    connection = Bus(nats_url, name="test-agent-side")
    await connection.open()
    yield connection
    await connection.close()


@pytest.fixture
async def house(db: Database, api_db: Database, bus: Bus, other_bus: Bus, signer: OrderSigner) -> AsyncIterator[House]:
    gateway_id = f"gw-{new_id().hex[:8]}"
    tenant_id, agent_id = await plant_machine(db, gateway_id)
    agent = ScriptedAgent(other_bus, tenant_id, agent_id)
    await agent.connect(gateway_id)
    revoked = set[UUID]()
    service, other_service = TunnelService(api_db, bus, signer), TunnelService(api_db, other_bus, signer)
    relays = TunnelRelays(api_db, bus, service, revoked.__contains__)
    others = TunnelRelays(api_db, other_bus, other_service, revoked.__contains__)
    await relays.open()
    await others.open()
    tech = person(tenant_id)
    yield House(db, bus, service, relays, other_service, others, tenant_id, agent_id, agent, revoked, tech)
    await relays.close()
    await others.close()
    await agent.disconnect()
