"""Many enrolled machines in the database at once, as enrolment and a day of readings would have left them."""

import random
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
from nacl.bindings import crypto_sign_keypair

from gururmm_bench.simulator.inventory import AGENT_VERSION
from gururmm_bench.simulator.profile import Profile, make_profile
from gururmm_bench.simulator.readings import boot_time, cpu_permille, disks, memory_used
from gururmm_bench.simulator.store import Identity

_BATCH: Final = 2000

_AGENTS: Final = """
insert into core.agents (tenant_id, agent_id, client_id, site_id, client_name, site_name, public_key, hostname,
  machine_id, os_name, os_family, arch, agent_version, addresses, macs, username, serial, ram, cores, model, processor)
select $1, a, c, s, cn, sn, k, h, m, o, f, ar, $2, string_to_array(ad, ','), string_to_array(mc, ','), u, se, ra, co,
  mo, pr
from unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::bytea[], $9::text[], $10::text[],
  $11::text[], $12::text[], $13::text[], $14::text[], $15::text[], $16::text[], $17::text[], $18::bigint[], $19::int[],
  $20::text[], $21::text[])
  as t(a, c, s, cn, sn, k, h, m, o, f, ar, ad, mc, u, se, ra, co, mo, pr)
"""
_STATES: Final = """
insert into core.agent_state (tenant_id, agent_id, client_id, last_seen, cpu, memory, disk, uptime_s)
select $1, a, c, now() - make_interval(secs => n), cpu, memory, disk, up
from unnest($2::uuid[], $3::uuid[], $4::float8[], $5::int[], $6::int[], $7::int[], $8::bigint[])
  as t(a, c, n, cpu, memory, disk, up)
on conflict (agent_id) do update set last_seen = excluded.last_seen, cpu = excluded.cpu, memory = excluded.memory,
  disk = excluded.disk, uptime_s = excluded.uptime_s
"""

Machine = tuple[Profile, Identity]
Place = tuple[uuid.UUID, uuid.UUID, str, str]
"""client_id, site_id and both names."""


class Seeder:
    """Writes as the product's own roles do, tenant by tenant: nothing here gets round row-level security."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        self._connection = connection

    async def partner(self, name: str) -> str:
        """A new Partner with two Clients of two Sites each; returns its tenant_id."""
        tenant = uuid.uuid4()
        async with self._as("gururmm_platform"):
            await self._connection.execute("insert into core.tenants (tenant_id, name) values ($1, $2)", tenant, name)
            await self._connection.execute("insert into core.tenant_settings (tenant_id) values ($1)", tenant)
        async with self._as("gururmm_app", str(tenant)):
            for client_name in ("Alder Works", "Birch & Sons"):
                client = uuid.uuid4()
                insert = "insert into core.clients (tenant_id, client_id, name) values ($1, $2, $3)"
                await self._connection.execute(insert, tenant, client, client_name)
                for site_name in ("Head office", "Warehouse"):
                    insert = "insert into core.sites (tenant_id, site_id, client_id, name) values ($1, $2, $3, $4)"
                    await self._connection.execute(insert, tenant, uuid.uuid4(), client, site_name)
        return str(tenant)

    async def machines(self, tenant_id: str, count: int, *, seed: str) -> list[Machine]:
        """`count` enrolled machines, spread over the Partner's Sites, with the keys that they enrolled with."""
        places = await self._places(tenant_id)
        made: list[Machine] = []
        for start in range(0, count, _BATCH):
            batch = [_machine(number, seed, len(places)) for number in range(start, min(count, start + _BATCH))]
            async with self._as("gururmm_app", tenant_id):
                await self._insert(uuid.UUID(tenant_id), batch, places)
            made += batch
        return made

    async def _places(self, tenant_id: str) -> list[Place]:
        query = """select s.client_id, s.site_id, c.name, s.name as site from core.sites s
                   join core.clients c using (client_id) order by s.site_id"""
        async with self._as("gururmm_app", tenant_id):
            return [(row[0], row[1], row[2], row[3]) for row in await self._connection.fetch(query)]

    async def _insert(self, tenant: uuid.UUID, batch: list[Machine], places: list[Place]) -> None:
        at = time.time()
        agents = [_agent_row(profile, identity, places) for profile, identity in batch]
        states = [_state_row(profile, identity, places, at) for profile, identity in batch]
        await self._connection.execute(_AGENTS, tenant, AGENT_VERSION, *map(list, zip(*agents, strict=True)))
        await self._connection.execute(_STATES, tenant, *map(list, zip(*states, strict=True)))

    @asynccontextmanager
    async def _as(self, role: str, tenant_id: str = "") -> AsyncIterator[None]:
        async with self._connection.transaction():
            await self._connection.execute(f"set local role {role}")
            if tenant_id:
                await self._connection.execute(
                    "select set_config('gururmm.tenant_id', $1, true), set_config('gururmm.clients', '*', true)",
                    tenant_id,
                )
            yield


def _machine(number: int, seed: str, places: int) -> Machine:
    site = number % places
    profile = make_profile(number, seed=seed, prefix=f"S{site:02d}", subnet=site)
    return profile, Identity(crypto_sign_keypair()[1], uuid.uuid4().bytes, b"")


def _agent_row(profile: Profile, identity: Identity, places: list[Place]) -> tuple[Any, ...]:
    client, site, client_name, site_name = places[profile.number % len(places)]
    addresses = [item.partition("/")[0] for interface in profile.interfaces for item in interface.addresses]
    return (
        uuid.UUID(bytes=identity.agent_id),
        client,
        site,
        client_name,
        site_name,
        identity.secret[32:],
        profile.hostname,
        profile.machine_id,
        profile.system.pretty,
        profile.os,
        profile.architecture,
        ",".join(addresses),
        ",".join(interface.mac for interface in profile.interfaces),
        profile.user,
        profile.serial,
        profile.memory,
        profile.model.cores,
        f"{profile.model.manufacturer} {profile.model.model}",
        profile.model.cpu,
    )


def _state_row(profile: Profile, identity: Identity, places: list[Place], at: float) -> tuple[Any, ...]:
    return (
        uuid.UUID(bytes=identity.agent_id),
        places[profile.number % len(places)][0],
        random.uniform(0, 90_000),
        cpu_permille(profile, at),
        memory_used(profile, at) * 1000 // profile.memory,
        max(used * 1000 // total for _, used, total in disks(profile, at)),
        int(at) - boot_time(profile, at),
    )
