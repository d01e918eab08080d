"""`gururmm up` and `gururmm demo` from the first check to the last process's end."""

import asyncio
import signal
import tempfile
import time
from pathlib import Path

from gururmm_server.entrypoints.supervisor.child import adopt_orphans
from gururmm_server.entrypoints.supervisor.demo import DemoAccess, follow_server, forget_removed, sign_in, wait_online
from gururmm_server.entrypoints.supervisor.disk_guard import DiskGuard
from gururmm_server.entrypoints.supervisor.options import StackOptions
from gururmm_server.entrypoints.supervisor.parts import Parts
from gururmm_server.entrypoints.supervisor.ready_file import ReadyFile
from gururmm_server.entrypoints.supervisor.service import Service, State
from gururmm_server.entrypoints.supervisor.supervisor import Supervisor, run_once
from gururmm_server.entrypoints.supervisor.terminal import Terminal
from gururmm_server.infra import given
from gururmm_server.infra.embedded.data_dir import DataDir
from gururmm_server.infra.errors import StartError
from gururmm_server.infra.kinds import Kind
from gururmm_server.infra.schema import check_login, check_revision, latest_revision

_HOUSE_SECONDS = 2.0


class Stack:
    """One run of everything. `run()` returns when it was told to stop and nothing of it is left."""

    def __init__(self, options: StackOptions, terminal: Terminal) -> None:
        self._options = options
        self._terminal = terminal
        self._data = DataDir(options.data)
        self._parts = Parts(options, self._data, terminal.notice)
        self._supervisor = Supervisor(self._data, self._on_change)
        self._guard = DiskGuard(self._data, options.disk_reserve_mb, self._switch_read_only, terminal.notice)
        self._ready_file: ReadyFile | None = None
        self._stopping = False

    async def run(self) -> None:
        """Start, tell, watch, stop. Raises `StartError`; then nothing is left running either."""
        adopt_orphans()
        told_to_stop = self._listen_for_signals()
        self._prepare()
        starting = asyncio.create_task(self._start())
        stop = asyncio.create_task(told_to_stop.wait())
        try:
            await asyncio.wait({starting, stop}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                await self._watch(stop)
        finally:
            self._stopping = True
            for task in (starting, stop):
                task.cancel()
            await asyncio.wait({starting, stop})
            await self._stop()

    def _prepare(self) -> None:
        """See to what has to be so before anything is started."""
        given.without_tls(self._options.addresses, accepted=self._options.insecure_http)
        self._data.prepare()
        try:
            self._guard.require_room()
            self._parts.check_ports()
        except StartError:
            self._data.release()
            raise

    async def _start(self) -> None:
        began = time.monotonic()
        self._data.remember("url", self._options.url)
        if self._options.told_gateways != self._options.gateway_urls:
            self._terminal.notice(
                f"Agents are told {self._options.told_gateways[0]}: "
                f"what serves TLS there has to pass /agent/ on to the gateway, port {self._options.gateway_port}."
            )
        self._terminal.step("Starting PostgreSQL and nats-server")
        if specs := self._parts.engines():
            await self._supervisor.start(*specs)
        with tempfile.TemporaryDirectory(prefix="gururmm-") as scratch:
            await self._prepare_schema(Path(scratch))
            self._terminal.step("Starting the api, gateway and worker processes")
            seeding = asyncio.create_task(self._seed(Path(scratch))) if self._options.demo else None
            try:
                await self._supervisor.start(*self._parts.servers())
                access = await seeding if seeding is not None else None
            finally:
                if seeding is not None:
                    seeding.cancel()
                    await asyncio.wait({seeding})
        if access is not None:
            await self._start_demo(access)
        self._terminal.ready(self._options.url, access, time.monotonic() - began)

    async def _prepare_schema(self, scratch: Path) -> None:
        self._terminal.step("Checking the database's schema")
        postgres = self._parts.postgres
        if postgres is not None:
            await postgres.ensure_database()
        if await self._schema_fits():
            return
        if not self._parts.owner_database_url:
            await check_revision(self._parts.database_url(Kind.API))  # where it does not fit, this says what to run
        else:
            await run_once(self._parts.migration(), "The migration", scratch)
        if postgres is not None:
            await postgres.open_process_logins()
        self._data.remember("schema", latest_revision())

    async def _schema_fits(self) -> bool:
        """Tells whether a start before this one brought this very database up to this build: spares a process.

        Asks as each of the processes' logins, so that one whose secret was lost and made anew is set right too.
        """
        if self._data.remembered("schema") != latest_revision():
            return False
        try:
            for kind in Kind:
                await check_revision(self._parts.database_url(kind))
                await check_login(self._parts.database_url(kind), kind)
        except StartError:
            return False  # the migration says it better
        return True

    async def _seed(self, scratch: Path) -> DemoAccess:
        return DemoAccess.parse(await run_once(self._parts.seed(), "The demo's data", scratch))

    async def _start_demo(self, access: DemoAccess) -> None:
        self._terminal.step("Starting this machine's agent and the simulated machines")
        agent_dir = self._data.root / "agent"
        host, port = self._options.local_host, self._options.port
        token = await sign_in(host, port, access)
        await forget_removed(host, port, token, agent_dir)
        follow_server(agent_dir, self._options.url)
        specs = [self._parts.agent(access.site_codes[0])]
        if self._options.machines:
            specs.append(self._parts.simulation(access.site_codes))
        await self._supervisor.start(*specs)
        agent_id = await wait_online(host, port, token, agent_dir)
        if self._options.ready_file is not None:
            self._ready_file = ReadyFile(
                path=self._options.ready_file.absolute(),
                facts={
                    "url": self._options.url,
                    "email": access.email,
                    "password": access.password,
                    "tenant_id": access.tenant_id,
                    "agent_id": agent_id,
                    "database_url": self._parts.database_url(Kind.API),
                    "nats_url": self._parts.nats_url(Kind.API),
                },
            )
            self._ready_file.write(self._supervisor.pids())

    async def _watch(self, stop: "asyncio.Task[bool]") -> None:
        while not stop.done():
            self._supervisor.keep_house()
            if self._parts.postgres is not None:
                self._guard.look()
            self._terminal.show(self._supervisor.services)
            await asyncio.wait({stop}, timeout=_HOUSE_SECONDS)

    async def _stop(self) -> None:
        self._terminal.step("Stopping")
        await self._supervisor.stop()
        self._data.release()
        self._terminal.stopped()

    def _listen_for_signals(self) -> asyncio.Event:
        """Returns what the first signal sets, which asks for an orderly end; the second asks for a quick one."""
        asked = asyncio.Event()

        def on_signal() -> None:
            if asked.is_set():
                self._supervisor.kill()
            asked.set()

        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(signum, on_signal)
        return asked

    def _switch_read_only(self, read_only: bool) -> None:
        assert self._parts.postgres is not None
        self._parts.postgres.set_read_only(read_only)
        self._supervisor.service("postgres").send(signal.SIGHUP)
        if not read_only and self._parts.nats is not None:
            # JetStream switches itself off when a write fails, and comes back with a restart only.
            self._supervisor.service("nats").send(signal.SIGTERM)

    def _on_change(self, service: Service) -> None:
        if self._stopping:
            return
        if service.state is State.DOWN:
            self._terminal.notice(f"{service.spec.title} ended (exit {service.last_exit}): starting it again.")
        elif service.state is State.READY and service.restarts:
            self._terminal.notice(f"{service.spec.title} is back.")
        if self._ready_file is not None and service.pid is not None:
            try:
                self._ready_file.write(self._supervisor.pids())
            except OSError as error:
                self._terminal.notice(f"{self._ready_file.path} could not be written: {error.strerror}.")
