"""A fleet against the other end of the protocol: it proves itself, distrusts, obeys, and says goodbye."""

import asyncio
import os
import signal
import sqlite3
import ssl
import sys
import uuid
from contextlib import closing

import pytest
from gururmm_bench.certificate import certificate
from gururmm_bench.simulator.catalogue import PREFIXES
from gururmm_bench.simulator.fleet import EnrolmentRefused, Fleet, FleetOptions
from gururmm_bench.simulator.profile import make_profile
from gururmm_bench.simulator.store import Store
from gururmm_wire.codec import inventory_hash
from gururmm_wire.v2.agent import (
    Answer,
    CommandResult,
    Goodbye,
    Heartbeat,
    InventoryHashes,
    InventorySection,
    Metrics,
    SettingsApplied,
    TunnelClosed,
)
from gururmm_wire.v2.server import (
    InventoryWanted,
    MoveOver,
    Query,
    ResultAck,
    RunCommand,
    Settings,
    SettingsPush,
    TunnelOpen,
    Watch,
)
from nacl.bindings import crypto_sign_keypair

ID = bytes(range(16))


@pytest.fixture
async def fleet(server, tmp_path):
    with Store(tmp_path) as store:
        fleet = Fleet(FleetOptions(server.url, ("A", "B"), 4), store)
        await fleet.enrol()
        fleet.start()
        yield fleet
        await fleet.stop()


async def test_machines_enrol_once_spread_over_the_codes(server, tmp_path):
    for machines in (5, 7):
        with Store(tmp_path) as store:
            await Fleet(FleetOptions(server.url, ("A", "B"), machines), store).enrol()
    by_number = sorted(server.enrolments[:5], key=lambda body: body["hostname"][-4:])
    assert [body["site_code"] for body in by_number] == list("ABABA")
    assert len(server.enrolments) == 7
    assert len({body["hostname"] for body in server.enrolments}) == 7


async def profiles_with(server, state, codes, machines):
    with Store(state) as store:
        fleet = Fleet(FleetOptions(server.url, tuple(codes), machines), store)
        await fleet.enrol()
        return [machine.profile for machine in fleet.machines]


async def test_a_machine_stays_who_it_is_whatever_becomes_of_the_codes(server, tmp_path):
    before = await profiles_with(server, tmp_path, "ABCDEF", 25)
    for codes in ("ABCDEFG", "GFEDCBA", "BD", "Z"):
        assert await profiles_with(server, tmp_path, codes, 25) == before, codes
    more = await profiles_with(server, tmp_path, "ABCDEFG", 30)
    assert more[:25] == before
    assert await profiles_with(server, tmp_path, "A", 30) == more
    assert len(server.enrolments) == 30


async def test_a_store_from_before_origins_keeps_its_machines_too(server, tmp_path):
    with closing(sqlite3.connect(tmp_path / "fleet.sqlite")) as database, database:  # the second one only commits
        database.execute(
            "create table machines (number integer primary key, seed blob not null, agent_id blob, server_key blob)"
        )
        rows = [(number, os.urandom(64), os.urandom(16), os.urandom(32)) for number in range(12)]
        database.executemany("insert into machines values (?, ?, ?, ?)", rows)
    had = [make_profile(number, prefix=PREFIXES[number % 6], subnet=number % 6) for number in range(12)]
    assert await profiles_with(server, tmp_path, "ABCDEF", 5) == had[:5]
    assert await profiles_with(server, tmp_path, "ABCDEFG", 12) == had
    assert server.enrolments == []


async def test_a_refused_code_ends_it_with_the_servers_words(server, tmp_path):
    server.refuse_with = 404
    with Store(tmp_path) as store, pytest.raises(EnrolmentRefused, match="not today"):
        await Fleet(FleetOptions(server.url, ("A",), 1), store).enrol()


async def test_every_machine_comes_online_with_settings_inventory_and_readings(server, fleet):
    peers = await server.connected(4)
    assert {peer.agent_id for peer in peers} == set(server.agents)
    for peer in peers:
        assert (await peer.until(SettingsApplied)).version == 7
        assert (await peer.until(Metrics)).memory_total > 0
        hashes = (await peer.until(InventoryHashes)).hashes
        peer.tell(InventoryWanted(["system", "software"]))
        for section in ("system", "software"):
            sent = await peer.until(InventorySection, lambda message, wanted=section: message.section == wanted)
            assert sent.hash == hashes[section] == inventory_hash(sent.items)
    assert fleet.online == 4


async def test_a_server_with_another_key_is_not_trusted(server, fleet):
    (peer, *_) = await server.connected(4)
    server.secret = crypto_sign_keypair()[1]
    count = len(server.peers)
    peer.transport.disconnect(False)
    await server.news.until(lambda: len(server.peers) >= count + 2)
    assert server.peers[count].said == []
    assert fleet.online == 3


async def test_it_obeys(server, fleet):
    (peer, *_) = await server.connected(4)
    await peer.until(Metrics)
    peer.tell(Query(ID, "processes", {}))
    assert (await peer.until(Answer)).data["items"]
    peer.tell(TunnelOpen(ID, 1, "terminal", {}, [], 0, None))
    assert (await peer.until(TunnelClosed)).message == "a simulated machine has no shell"
    peer.tell(RunCommand(ID, "sh", "hostname", 10))
    assert (await peer.until(CommandResult)).exit_code == 0
    peer.tell(SettingsPush(Settings(version=8)))
    await peer.until(SettingsApplied, lambda message: message.version == 8)
    before = sum(isinstance(message, Metrics) for message in peer.said)
    peer.tell(Watch(1, 30))  # the usual pace would take two minutes
    await server.news.until(lambda: sum(isinstance(message, Metrics) for message in peer.said) >= before + 2)


async def test_it_beats_at_the_pace_it_was_told(server, tmp_path):
    server.settings = Settings(version=1, heartbeat_s=5, metrics_s=3600)
    with Store(tmp_path) as store:
        fleet = Fleet(FleetOptions(server.url, ("A",), 1, quick=True), store)
        await fleet.enrol()
        fleet.start()
        (peer,) = await server.connected(1)
        await peer.until(Heartbeat)
        await fleet.stop()
        assert not any(isinstance(message, InventoryHashes) for message in peer.said)


async def test_told_to_move_it_connects_again(server, fleet):
    (peer, *_) = await server.connected(4)
    peer.tell(MoveOver(0))
    (again,) = (await server.connected(5))[-1:]
    assert again.agent_id == peer.agent_id
    await again.until(Metrics)
    assert not peer.open


async def test_a_broken_connection_is_made_again(server, fleet):
    (peer, *_) = await server.connected(4)
    await peer.until(Metrics)
    peer.transport.disconnect(False)
    (again,) = (await server.connected(5))[-1:]
    assert again.agent_id == peer.agent_id


async def tls_in_front_of(port, context):
    """A server that takes TLS off and passes on what it gets, as a proxy does."""

    async def pass_on(reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def both_ways(reader, writer):
        behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pass_on(reader, behind_writer), pass_on(behind_reader, writer), return_exceptions=True)

    return await asyncio.start_server(both_ways, "127.0.0.1", 0, ssl=context)


async def test_a_fleet_connects_through_tls_where_it_is_told_to(server, tmp_path):
    pem = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    doors = [await tls_in_front_of(int(url.rpartition(":")[2]), context) for url in (server.url, server.gateway_url)]
    http, gateway = (door.sockets[0].getsockname()[1] for door in doors)
    server.gateway_url = "ws://127.0.0.1:9"  # where nobody listens: the fleet has to go where its option says
    trusting = ssl.create_default_context(cafile=str(pem))
    options = FleetOptions(
        f"https://127.0.0.1:{http}", ("A",), 2, quick=True, gateway=f"wss://127.0.0.1:{gateway}", tls=trusting
    )
    with Store(tmp_path / "state") as store:
        fleet = Fleet(options, store)
        await fleet.enrol()
        fleet.start()
        assert len(await server.connected(2)) == 2
        await fleet.stop()
    for door in doors:
        door.close()


async def test_a_fleet_says_which_results_the_server_has(server, fleet):
    held = []
    fleet.commands.on_acknowledged = held.append
    (peer, *_) = await server.connected(4)
    command_id = uuid.uuid4().bytes
    peer.tell(RunCommand(command_id, "sh", "true", 30))
    await peer.until(CommandResult)
    assert held == []
    peer.tell(ResultAck(command_id))
    peer.tell(Query(ID, "processes", {}))
    await peer.until(Answer)  # comes after the receipt was taken
    assert held == [command_id]


async def test_the_end_is_a_goodbye(server, fleet):
    peers = await server.connected(4)
    await peers[0].until(Metrics)
    await fleet.stop()
    for peer in peers:
        await peer.until(Goodbye)
        assert not peer.open


async def test_the_program_stops_at_once_when_told(server, tmp_path):
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "gururmm_bench.simulator", "--server", server.url, "--site-codes", "A,B"),
        *("--machines", "3", "--state-dir", str(tmp_path / "state")),
        stderr=asyncio.subprocess.PIPE,
    )
    peers = await server.connected(3)
    await peers[0].until(Metrics)
    program.send_signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        await program.communicate()
    assert program.returncode == 0
    for peer in peers:
        await peer.until(Goodbye)
