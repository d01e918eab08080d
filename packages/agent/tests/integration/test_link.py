"""Enrolment, the handshake and reconnecting, on a real agent."""

import asyncio
import os
import re
import socket
import ssl
import stat
import sys
import time
from pathlib import Path

import pytest
from gururmm_agent.link.reconnect import RETURN_FIRST_S
from gururmm_agent.state import StateDirectory
from gururmm_wire import codec
from gururmm_wire.v2.agent import Answer, Goodbye, Heartbeat, Metrics, MetricsBacklog, SettingsApplied
from gururmm_wire.v2.limits import MAX_MESSAGE_BYTES, Close
from gururmm_wire.v2.server import MoveOver, Query, RunCommand, Settings, SettingsPush
from nacl.bindings import crypto_sign_seed_keypair
from picows import WSMsgType


async def run_once(*arguments: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gururmm_agent",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 20)
    return process.returncode or 0, output.decode()


async def test_one_machine_has_one_key_and_keeps_it_secret(gateway, tmp_path):
    state = tmp_path / "state"
    options = ("--server", gateway.url, "--site-code", gateway.site_code, "--state-dir", str(state))
    for _ in range(2):
        code, output = await run_once("enrol", *options)
        assert (code, "enrolled" in output) == (0, True)
    assert len({request.public_key for request in gateway.enrolments}) == 1
    assert gateway.enrolments[0].hostname == socket.gethostname()
    identity = state / "identity.json"
    assert stat.S_IMODE(identity.stat().st_mode) == 0o600
    assert not (state / "pending.key").exists()
    code, output = await run_once("status", "--state-dir", str(state))
    assert code == 0
    assert StateDirectory(state).require_identity().agent_id in output


async def test_what_goes_wrong_is_one_sentence_and_a_code(gateway, tmp_path):
    state = ("--state-dir", str(tmp_path / "state"))
    code, output = await run_once("run", *state)
    assert (code, output.count("\n")) == (3, 1)
    code, output = await run_once("enrol", "--server", gateway.url, "--site-code", "WRONG", *state)
    assert (code, "does not exist" in output, output.count("\n")) == (4, True, 1)
    code, output = await run_once("enrol", "--server", "http://127.0.0.1:1", "--site-code", "X", *state)
    assert (code, output.count("\n")) == (6, 1)
    code, output = await run_once("enrol", "--server", "ftp://x", "--site-code", "X", *state)
    assert (code, output.count("\n")) == (6, 1)
    await run_once("enrol", "--server", gateway.url, "--site-code", gateway.site_code, *state)
    code, output = await run_once("enrol", "--server", "http://other.invalid", "--site-code", "X", *state)
    assert (code, "already enrolled" in output) == (4, True)
    (tmp_path / "state" / "identity.json").write_bytes(b'{"server": "http')
    code, output = await run_once("run", *state)
    assert (code, output.count("\n")) == (5, 1)
    code, output = await run_once("--version")
    assert code == 0


async def test_without_tls_a_machine_enrols_at_another_only_when_that_is_accepted(tmp_path):
    state = ("--state-dir", str(tmp_path / "state"))
    for command in ("enrol", "run"):
        code, output = await run_once(command, "--server", "http://192.0.2.1:9", "--site-code", "X", *state)
        assert code == 8
        assert output == (
            "gururmm-agent: http://192.0.2.1:9 does without TLS: whoever is on the way could answer in its place and "
            "take this machine over; use the server's https:// address, or accept that with --insecure-http.\n"
        )
    assert not (tmp_path / "state" / "pending.key").exists()
    accepted = ("--insecure-http", "--server", "http://nobody.invalid", "--site-code", "X")
    code, output = await run_once("enrol", *accepted, *state)
    assert (code, "cannot be reached" in output) == (6, True)


@pytest.fixture
async def with_tls(gateway):
    """The gateway of the tests behind https, and the file with its authority."""
    certificate = Path(__file__).parent / "tls" / "localhost.pem"
    await gateway.stop()
    gateway.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    gateway.tls.load_cert_chain(certificate, certificate.with_suffix(".key"))
    await gateway.start()
    return ("--ca", str(certificate))


async def test_a_server_with_tls_that_names_a_gateway_without_enrols_nobody(gateway, with_tls, tmp_path):
    gateway.gateway_url = "ws://127.0.0.1:8081"
    options = ("--server", gateway.url, "--site-code", gateway.site_code, "--state-dir", str(tmp_path / "state"))
    code, output = await run_once("enrol", *options, *with_tls)
    assert code == 8
    assert output == (
        f"gururmm-agent: {gateway.url} names a gateway without TLS (ws://127.0.0.1:8081), which its agents refuse: "
        "whoever runs it gives a wss:// address with --gateway-urls.\n"
    )
    gateway.gateway_url = ""
    code, output = await run_once("enrol", *options, *with_tls)
    assert (code, len({request.public_key for request in gateway.enrolments})) == (0, 1)


async def test_a_gateway_without_tls_is_not_connected_to_when_the_server_has_it(gateway, with_tls, agent):
    options = ("--server", gateway.url, "--site-code", gateway.site_code, *with_tls)
    await agent.start(arguments=options)
    count = len(gateway.connections)
    gateway.hello_changes = {"gateway_url": "ws://127.0.0.1:8081"}
    gateway.drop()
    await gateway.wait_until(lambda: "names a gateway without TLS (ws://127.0.0.1:8081)" in agent.log.read_text())
    assert len(gateway.connections) == count
    gateway.hello_changes = {}
    await asyncio.wait_for(gateway.welcomed.wait(), 10)


async def test_the_same_key_is_offered_again_after_a_lost_answer(gateway, tmp_path):
    state = StateDirectory(tmp_path / "state")
    key = state.pending_key()
    await run_once(
        "enrol", "--server", gateway.url, "--site-code", gateway.site_code, "--state-dir", str(tmp_path / "state")
    )
    assert gateway.enrolments[0].public_key == crypto_sign_seed_keypair(key)[0].hex()


async def test_a_second_agent_on_the_same_state_is_refused(gateway, agent):
    await agent.start()
    code, output = await run_once("run", "--state-dir", str(agent.state))
    assert (code, "already runs" in output) == (7, True)


async def test_hello_then_handshake_then_a_sign_of_life(gateway, agent):
    await agent.start()
    assert gateway.hellos[0].protocol_version == 2
    assert gateway.hellos[0].agent_id
    assert (await gateway.wait_for(SettingsApplied)).version == 3
    await gateway.wait_for(Heartbeat)
    metrics = await gateway.wait_for(Metrics)
    assert metrics.memory_total > metrics.memory_used > 0
    assert metrics.disks
    assert abs(metrics.at - time.time()) < 5


async def test_a_server_with_another_key_is_refused(gateway, agent):
    await agent.start()
    await agent.terminate()
    gateway.messages.clear()
    gateway.public_key, gateway.secret = crypto_sign_seed_keypair(os.urandom(32))
    await agent.start()
    await gateway.wait_until(lambda: Close.UNAUTHENTICATED in gateway.close_codes)
    assert not gateway.messages
    assert "could not prove the key" in agent.log.read_text()


async def test_messages_before_welcome_end_the_connection(gateway, agent):
    await agent.start()
    push = SettingsPush(Settings(version=99))
    gateway.instead_of_proof = codec.encode(push)
    gateway.drop()
    await gateway.wait_until(lambda: Close.UNAUTHENTICATED in gateway.close_codes)
    gateway.instead_of_proof, gateway.instead_of_welcome = b"", push
    await gateway.wait_until(lambda: Close.MALFORMED in gateway.close_codes)
    assert not gateway.of(SettingsApplied, version=99)


@pytest.mark.parametrize(
    ("frames", "code"),
    [
        ([(WSMsgType.BINARY, b"\xc1garbage, and not sealed", True)], Close.BROKEN_SEAL),
        ([(WSMsgType.BINARY, codec.encode(SettingsPush(Settings(version=99))), True)], Close.BROKEN_SEAL),
        ([(WSMsgType.BINARY, b"", True)], Close.BROKEN_SEAL),
        ([(WSMsgType.TEXT, b"hello", True)], Close.MALFORMED),
        ([(WSMsgType.CONTINUATION, b"x", True)], Close.MALFORMED),
        ([(WSMsgType.BINARY, b"x", False)] + [(WSMsgType.CONTINUATION, b"x", False)] * 70, Close.TOO_LARGE),
        ([(WSMsgType.BINARY, b"x" * 200_000, False), (WSMsgType.CONTINUATION, b"x" * 200_000, True)], Close.TOO_LARGE),
    ],
)
async def test_a_server_out_of_bounds_is_left_and_met_again(gateway, agent, frames, code):
    await agent.start()
    gateway.welcomed.clear()
    for kind, data, fin in frames:
        gateway.current.transport.send(kind, data, fin)
    await gateway.wait_until(lambda: code in gateway.close_codes)
    await asyncio.wait_for(gateway.welcomed.wait(), 5)


@pytest.mark.parametrize("message", [b"", b"\xc1garbage", b"\x92\x03\x91\xff"])
async def test_a_server_that_talks_nonsense_is_left_and_met_again(gateway, agent, message):
    await agent.start()
    gateway.welcomed.clear()
    gateway.current.say_bytes(message)
    await gateway.wait_until(lambda: Close.MALFORMED in gateway.close_codes)
    await asyncio.wait_for(gateway.welcomed.wait(), 5)


async def test_the_largest_message_is_understood(gateway, agent):
    """The seal comes on top: it takes nothing from what a message may hold."""
    await agent.start()
    unknown = b"\x92\xcc\xc8\xc6" + (MAX_MESSAGE_BYTES - 8).to_bytes(4, "big")
    gateway.current.say_bytes(unknown + bytes(MAX_MESSAGE_BYTES - len(unknown)))
    gateway.say(SettingsPush(Settings(version=45)))
    assert await gateway.wait_for(SettingsApplied, version=45)
    assert not gateway.close_codes


async def test_fragments_are_put_together_and_unknown_tags_left_out(gateway, agent):
    await agent.start()
    gateway.current.say_bytes(b"\x92\xcc\xc8\x01")
    order = gateway.order(SettingsPush(Settings(version=44, heartbeat_s=7)))
    data = gateway.current.seal.seal(codec.encode(order))
    for start in range(0, len(data), 4):
        kind = WSMsgType.CONTINUATION if start else WSMsgType.BINARY
        gateway.current.transport.send(kind, data[start : start + 4], start + 4 >= len(data))
    assert await gateway.wait_for(SettingsApplied, version=44)
    assert not gateway.close_codes


async def test_what_follows_welcome_at_once_is_not_lost(gateway, agent):
    query = Query(os.urandom(16), "temperatures")
    gateway.right_after_welcome = [SettingsPush(Settings(version=50)), query]
    await agent.start()
    await gateway.wait_for(Answer, query_id=query.query_id)
    assert [message.version for message in gateway.of(SettingsApplied)] == [3, 50]


@pytest.mark.parametrize(("action", "wait"), [("rejected", "600"), ("upgrade_required", None)])
async def test_what_hello_answers_is_obeyed(gateway, agent, action, wait):
    gateway.hello_changes = {"action": action, "message": "because of the test"}
    await agent.start(wait=wait is None)
    await gateway.wait_until(lambda: "because of the test" in agent.log.read_text())
    if wait is not None:
        assert f"next try in {wait}" in agent.log.read_text()
        assert not gateway.connections


async def test_the_agent_returns_within_seconds_of_a_cut(gateway, agent):
    await agent.start()
    gateway.drop()
    await asyncio.wait_for(gateway.welcomed.wait(), 5)
    (delay,) = re.findall(r"next try in ([0-9.]+) s", agent.log.read_text())
    assert float(delay) <= RETURN_FIRST_S


async def test_move_over_is_honoured_within_its_time(gateway, agent):
    await agent.start()
    gateway.welcomed.clear()
    gateway.say(MoveOver(2))
    began = time.monotonic()
    await asyncio.wait_for(gateway.welcomed.wait(), 5)
    assert time.monotonic() - began < 2.5
    assert 1001 in gateway.close_codes
    assert len(gateway.hellos) == 2


async def test_goodbye_arrives_behind_what_was_still_to_be_sent(gateway, agent, tmp_path):
    await agent.start()
    cable = gateway.current.transport.underlying_transport
    cable.pause_reading()
    done = [tmp_path / f"done-{number}" for number in range(10)]
    for marker in done:
        gateway.say(RunCommand(os.urandom(16), "sh", f"head -c 1000000 /dev/zero; touch {marker}", 30))
    await gateway.wait_until(lambda: all(marker.exists() for marker in done))
    ending = asyncio.create_task(agent.terminate())
    await gateway.wait_until(lambda: "stopping" in agent.log.read_text())
    assert not ending.done()
    cable.resume_reading()
    assert await ending == 0
    assert await gateway.wait_for(Goodbye)


async def test_an_agent_ends_although_its_server_does_not_read(gateway, agent, tmp_path):
    await agent.start()
    gateway.current.transport.underlying_transport.pause_reading()
    done = [tmp_path / f"done-{number}" for number in range(10)]
    for marker in done:
        gateway.say(RunCommand(os.urandom(16), "sh", f"head -c 1000000 /dev/zero; touch {marker}", 30))
    await gateway.wait_until(lambda: all(marker.exists() for marker in done))
    assert await agent.terminate() == 0


async def test_a_revoked_agent_does_not_hammer(gateway, agent):
    await agent.start()
    hellos = len(gateway.hellos)
    gateway.close(Close.REVOKED)
    await gateway.wait_until(lambda: "next try in" in agent.log.read_text())
    assert "next try in 600" in agent.log.read_text()
    assert len(gateway.hellos) == hellos


async def test_samples_taken_alone_arrive_after_the_return(gateway, agent):
    await agent.start()
    await agent.terminate()
    await gateway.stop()
    await agent.start(wait=False, arguments=())
    spool = agent.state / "spool" / "newer"
    await gateway.wait_until(lambda: spool.exists() and spool.stat().st_size > 40, timeout=12)
    await agent.kill()
    gateway.messages.clear()
    await gateway.start()
    await agent.start(arguments=())
    backlog = await gateway.wait_for(MetricsBacklog)
    assert 1 <= len(backlog.samples) <= 3
    assert all(abs(sample.at - time.time()) < 30 for sample in backlog.samples)
    await gateway.wait_until(lambda: not spool.exists(), timeout=3)


async def test_hello_unreachable_falls_back_to_the_last_gateway(gateway, agent):
    await agent.start()
    gateway.stop_answering_hello()
    gateway.drop()
    await asyncio.wait_for(gateway.welcomed.wait(), 10)
    assert "trying the last gateway" in agent.log.read_text()


async def test_tls_with_an_authority_of_ones_own(gateway, with_tls, agent):
    options = ("--server", gateway.url, "--site-code", gateway.site_code)
    code, output = await run_once("enrol", *options, "--state-dir", str(agent.state))
    assert (code, "certificate verify failed" in output) == (6, True)
    assert not gateway.enrolments
    await agent.start(arguments=(*options, *with_tls))
    assert await gateway.wait_for(Heartbeat)
    gateway.drop()
    await asyncio.wait_for(gateway.welcomed.wait(), 5)
