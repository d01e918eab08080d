"""The fleet: enrols its machines once, connects them, and switches some off and on."""

import asyncio
import ipaddress
import logging
import random
import ssl
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import msgspec
from gururmm_wire.challenge import enrolment_bytes
from gururmm_wire.hello import EnrolRequest, EnrolResponse, HelloRequest, HelloResponse
from gururmm_wire.protocol import LATEST_PROTOCOL
from nacl.bindings import crypto_sign, crypto_sign_BYTES, crypto_sign_keypair
from picows import WSError, WSInvalidStatusError

from gururmm_bench.http import HttpFailure, Reply, post_json
from gururmm_bench.simulator.catalogue import PREFIXES
from gururmm_bench.simulator.commands import Commands
from gururmm_bench.simulator.inventory import AGENT_VERSION
from gururmm_bench.simulator.link import open_link
from gururmm_bench.simulator.machine import Machine
from gururmm_bench.simulator.profile import DEFAULT_SEED, Origin, Profile, make_profile
from gururmm_bench.simulator.store import Identity, Store

_log = logging.getLogger(__name__)
_HELLO: Final = "/api/v1/bootstrap/hello"
_ENROL: Final = "/api/v1/bootstrap/enrol"
_ENROL_AT_ONCE: Final = 8
_ON_S: Final = 300.0
_OFF_S: Final = 300.0
_UPGRADE_WAIT_S: Final = 600.0


class EnrolmentRefused(Exception):
    """The server will not take these machines; the message says why."""


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """What fleet to simulate. `offline_share` is the part that is off at a given moment, on average."""

    server: str
    site_codes: tuple[str, ...]
    machines: int
    offline_share: float = 0.0
    quick: bool = False
    """No inventory: for ten thousand machines in one process."""
    connect_at_once: int = 32
    seed: str = DEFAULT_SEED
    prefixes: tuple[str, ...] = PREFIXES
    gateway: str = ""
    """Where to connect, instead of where hello says: a proxy that the server does not know of."""
    tls: ssl.SSLContext | None = None
    """What to trust behind https:// and wss://; the system's authorities if None."""


class Fleet:
    """All machines of one process."""

    def __init__(self, options: FleetOptions, store: Store) -> None:
        self._options = options
        self._server = options.server.rstrip("/")
        self._store = store
        self.commands = Commands(store)
        self._queue: asyncio.Queue[Machine] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._sources: list[str] = []
        self.machines: list[Machine] = []

    @property
    def online(self) -> int:
        """Machines that are welcomed now."""
        return sum(machine.online for machine in self.machines)

    def add(self, profile: Profile, identity: Identity) -> Machine:
        """One more machine of the fleet, enrolled or about to be."""
        with_inventory = not self._options.quick
        machine = Machine(profile, identity, self.commands, self._connect_later, with_inventory=with_inventory)
        self.machines.append(machine)
        return machine

    async def enrol(self) -> None:
        """Make every machine known to the server, once. Raises `EnrolmentRefused`."""
        pending: list[tuple[Profile, Identity]] = []
        fresh: list[tuple[int, Identity]] = []
        origins = self._origins()
        for number in range(self._options.machines):
            origin = origins[number]
            profile = make_profile(number, seed=origin.seed, prefix=origin.prefix, subnet=origin.subnet)
            identity = self._store.identity(number)
            if identity is None:
                identity = Identity(crypto_sign_keypair()[1], None, b"")
                fresh.append((number, identity))
            if identity.agent_id is None:
                pending.append((profile, identity))
            self.add(profile, identity)
        self._store.keep_many(fresh)
        remaining = iter(pending)

        async def some() -> None:
            for profile, identity in remaining:
                await self._enrol(profile, identity)

        await asyncio.gather(*(some() for _ in range(_ENROL_AT_ONCE)))
        _log.info("%d machines are enrolled, %d of them now", len(self.machines), len(pending))

    def start(self) -> None:
        """Begin to connect all machines, and to switch restless ones off and on."""
        self._sources = _sources(self._server, len(self.machines))
        for machine in self.machines:
            self._queue.put_nowait(machine)
        workers = min(self._options.connect_at_once, len(self.machines))
        self._tasks = [asyncio.create_task(self._connect_queued()) for _ in range(workers)]
        count = round(len(self.machines) * self._options.offline_share * (_ON_S + _OFF_S) / _OFF_S)
        restless = sorted(self.machines, key=lambda machine: (not machine.profile.restless, machine.profile.phase))
        self._tasks += [asyncio.create_task(self._unrest(machine)) for machine in restless[:count]]

    async def stop(self) -> None:
        """Every machine says goodbye."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for number, machine in enumerate(self.machines):
            machine.leave("the simulator stops")
            if number % 500 == 499:
                await asyncio.sleep(0)
        await asyncio.sleep(0.2)

    def _origins(self) -> dict[int, Origin]:
        """Every machine's origin, settled from here on.

        A new machine's follows from today's codes, and so does that of one from before origins were kept: it has been
        this machine as long as the number of codes has not changed.
        """
        known = self._store.origins()
        numbers = {*range(self._options.machines), *self._store.numbers()}
        fresh = {number: self._origin(number) for number in numbers - known.keys()}
        self._store.settle(fresh)
        return known | fresh

    def _origin(self, number: int) -> Origin:
        site = number % len(self._options.site_codes)
        prefixes = self._options.prefixes
        return Origin(self._options.seed, prefixes[site % len(prefixes)], site)

    async def _enrol(self, profile: Profile, identity: Identity) -> None:
        code = self._options.site_codes[profile.number % len(self._options.site_codes)]
        public_key = identity.secret[32:].hex()
        proof = enrolment_bytes(code, public_key, profile.hostname)
        request = EnrolRequest(
            site_code=code,
            public_key=public_key,
            signature=crypto_sign(proof, identity.secret)[:crypto_sign_BYTES].hex(),
            hostname=profile.hostname,
            machine_id=profile.machine_id,
            agent_version=AGENT_VERSION,
            protocol_version=LATEST_PROTOCOL,
            os=profile.system.pretty,
            arch=profile.architecture,
        )
        body = msgspec.json.encode(request)
        for attempt in range(60):
            reply = await self._post(_ENROL, body, profile.number)
            if reply is not None and reply.status < 300:
                answer = msgspec.json.decode(reply.body, type=EnrolResponse)
                identity.agent_id = bytes.fromhex(answer.agent_id.replace("-", ""))
                identity.server_key = bytes.fromhex(answer.server_public_key)
                self._store.keep(profile.number, identity)
                return
            if reply is not None and 400 <= reply.status < 500 and reply.status != 429:
                raise EnrolmentRefused(f"{self._server} refused {profile.hostname}: {_problem(reply)}")
            wait = reply.retry_after_s if reply is not None else 0.0
            await asyncio.sleep(wait + random.uniform(0, min(5.0, 0.25 * 2**attempt)))
        raise EnrolmentRefused(f"{self._server} did not enrol {profile.hostname} in 60 attempts.")

    async def _post(self, path: str, body: bytes, number: int) -> Reply | None:
        try:
            return await post_json(self._server + path, body, self._source(number), self._options.tls)
        except HttpFailure as error:
            _log.warning("%s", error)
            return None

    def _source(self, number: int) -> str | None:
        return self._sources[number % len(self._sources)] if self._sources else None

    def _connect_later(self, machine: Machine, delay_s: float) -> None:
        if delay_s <= 0:
            self._queue.put_nowait(machine)
        else:
            asyncio.get_running_loop().call_later(delay_s, self._queue.put_nowait, machine)

    async def _connect_queued(self) -> None:
        while True:
            machine = await self._queue.get()
            if not machine.online:
                await self._connect(machine)

    async def _connect(self, machine: Machine) -> None:
        """Hello, then the socket; what comes of it is the machine's business."""
        version, system, arch = machine.presentation
        hello = HelloRequest(
            agent_version=version,
            protocol_version=LATEST_PROTOCOL,
            os=system,
            arch=arch,
            agent_id=_dashed(machine.agent_id),
        )
        reply = await self._post(_HELLO, msgspec.json.encode(hello), machine.number)
        if reply is None:
            machine.found_nobody()
            return
        if reply.status != 200:
            machine.failed(reply.retry_after_s)
            return
        answer = msgspec.json.decode(reply.body, type=HelloResponse)
        if answer.action != "proceed" or not answer.gateway_url:
            waits = answer.action == "proceed"
            machine.failed(answer.retry_after_s if waits else max(answer.retry_after_s, _UPGRADE_WAIT_S))
            return
        try:
            gateway = self._options.gateway or answer.gateway_url
            await open_link(gateway, machine, self._source(machine.number), self._options.tls)
        except WSInvalidStatusError as error:
            _log.debug("machine %d: %s", machine.number, error)
            machine.failed()
        except (OSError, WSError, TimeoutError) as error:
            _log.debug("machine %d: %s", machine.number, error)
            machine.found_nobody()

    async def _unrest(self, machine: Machine) -> None:
        """Off and on for ever; one switch-off in four is a power cut."""
        await asyncio.sleep(random.uniform(10, 2 * _ON_S))
        while True:
            if random.random() < 0.25:
                machine.crash()
            else:
                machine.leave("the lid was closed")
            await asyncio.sleep(20 + random.expovariate(1 / _OFF_S))
            machine.may_connect()
            self._queue.put_nowait(machine)
            await asyncio.sleep(20 + random.expovariate(1 / _ON_S))


def _sources(server: str, machines: int) -> list[str]:
    """Local addresses to connect from, where one would run out of ports: only on the loopback network."""
    host = urlsplit(server).hostname or ""
    try:
        loopback = ipaddress.ip_address(host).is_loopback and ":" not in host
    except ValueError:
        loopback = False
    return [f"127.0.0.{2 + i}" for i in range(8)] if loopback and machines > 2000 else []


def _dashed(agent_id: bytes) -> str:
    text = agent_id.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _problem(reply: Reply) -> str:
    try:
        return str(msgspec.json.decode(reply.body)["message"])
    except (msgspec.MsgspecError, KeyError, TypeError):
        return f"HTTP {reply.status}"
