"""Where only a proxy leads out: enrolment, hello and both sockets go through it, from wherever the agent knows it."""

import asyncio
import os
import ssl
import sys
from pathlib import Path

import pytest
from gururmm_wire.v2.agent import TunnelOpened
from gururmm_wire.v2.server import TunnelOpen

from packages.agent.tests import connect_proxy
from packages.agent.tests.integration.test_link import run_once

CERTIFICATE = Path(__file__).parent / "tls" / "localhost.pem"
WHO = "tech:p@ss:w0rd"
IN_URL = "tech:p%40ss%3Aw0rd@"


class Proxy:
    """The process, and what it was asked."""

    def __init__(self, log: Path) -> None:
        self.log = log

    @property
    def url(self) -> str:
        return f"http://{IN_URL}127.0.0.1:{self.log.read_text().split()[0]}"

    @property
    def asked(self) -> list[str]:
        return self.log.read_text().splitlines()[1:]


@pytest.fixture
async def proxy(tmp_path):
    log = tmp_path / "proxy.log"
    process = await asyncio.create_subprocess_exec(
        sys.executable, connect_proxy.__file__, str(log), WHO, stdout=asyncio.subprocess.PIPE
    )
    assert await asyncio.wait_for(process.stdout.readline(), 20) == b"ready\n"
    yield Proxy(log)
    process.kill()
    await process.wait()


@pytest.fixture
async def with_tls(gateway):
    await gateway.stop()
    gateway.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    gateway.tls.load_cert_chain(CERTIFICATE, CERTIFICATE.with_suffix(".key"))
    await gateway.start()


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch):
    """Whatever the machine of the tests has."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def targets(gateway) -> tuple[str, str]:
    return tuple(f"127.0.0.1:{port}" for port in gateway.ports)


async def test_everything_goes_through_the_proxy_that_the_environment_names_and_stays_there(
    *, gateway, with_tls, proxy, agent, monkeypatch
):
    """The enrolment has a shell's environment, the service that runs later has none; the certificates are kept, too."""
    http, sockets = targets(gateway)
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    state = ("--state-dir", str(agent.state))
    enrol = ("enrol", "--server", gateway.url, "--site-code", gateway.site_code, "--ca", str(CERTIFICATE), *state)
    code, output = await run_once(*enrol)
    assert (code, len(gateway.enrolments)) == (0, 1), output
    assert proxy.asked == [f"CONNECT {http} HTTP/1.1 200"]
    monkeypatch.delenv("HTTPS_PROXY")
    await agent.start(arguments=())
    assert proxy.asked[1:] == [f"CONNECT {http} HTTP/1.1 200", f"CONNECT {sockets} HTTP/1.1 200"]
    gateway.say(TunnelOpen(bytes(16), 1, "terminal", {"columns": 80, "rows": 24}, ["input"], 1 << 20, bytes(32)))
    await gateway.wait_for(TunnelOpened)
    await asyncio.wait_for(gateway.tunnel_welcomed.wait(), 10)
    assert proxy.asked.count(f"CONNECT {sockets} HTTP/1.1 200") == 2
    code, output = await run_once("status", *state)
    assert "p%40ss" not in output
    assert "proxy    http://127.0.0.1:" in output


async def test_without_tls_too_and_no_proxy_is_followed(*, gateway, proxy, agent, monkeypatch):
    http, sockets = targets(gateway)
    monkeypatch.setenv("http_proxy", proxy.url)
    await agent.start()
    assert set(proxy.asked) == {f"CONNECT {http} HTTP/1.1 200", f"CONNECT {sockets} HTTP/1.1 200"}
    before = proxy.asked
    await agent.kill()
    monkeypatch.setenv("NO_PROXY", "example.org,127.0.0.0/8")
    await agent.start()
    assert proxy.asked == before


async def test_an_option_and_the_settings_count_before_the_environment(*, gateway, proxy, agent, monkeypatch):
    http, _ = targets(gateway)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    state = ("--state-dir", str(agent.state))
    enrol = ("enrol", "--server", gateway.url, "--site-code", gateway.site_code, *state)
    code, output = await run_once(*enrol)
    assert (code, "the proxy http://127.0.0.1:1 does not answer" in output) == (6, True)
    code, output = await run_once(*enrol, "--proxy", proxy.url)
    assert (code, proxy.asked) == (0, [f"CONNECT {http} HTTP/1.1 200"]), output
    assert (agent.state / "proxy").stat().st_mode & 0o077 == 0
    code, output = await run_once("settings", "--proxy", "", "--no-proxy", "*", *state)
    assert (code, output) == (0, "")
    await agent.start(arguments=())
    assert len(proxy.asked) == 1


async def test_a_proxy_that_refuses_or_is_of_another_kind_is_named_without_its_password(*, gateway, proxy, agent):
    http, _ = targets(gateway)
    enrol = ("enrol", "--server", gateway.url, "--site-code", gateway.site_code, "--state-dir", str(agent.state))
    wrong = proxy.url.replace("w0rd", "wrong")
    code, output = await run_once(*enrol, "--proxy", wrong)
    shown = "http://" + proxy.url.partition("@")[2]
    assert code == 6
    assert f"the proxy {shown} does not lead to {http}: it answers '407 Proxy Authentication Required'" in output
    assert "wrong" not in output
    code, output = await run_once(*enrol, "--proxy", "socks5://127.0.0.1:1")
    assert (code, "it goes through http:// ones" in output, output.count("\n")) == (9, True, 1)
    assert not os.path.exists(agent.state / "proxy")  # noqa: PTH110


async def test_a_file_without_certificates_is_refused(gateway, agent, tmp_path):
    (tmp_path / "no.pem").write_text("no certificate")
    enrol = ("enrol", "--server", gateway.url, "--site-code", gateway.site_code, "--state-dir", str(agent.state))
    for name in ("no.pem", "missing.pem"):
        code, output = await run_once(*enrol, "--ca", str(tmp_path / name))
        assert (code, f"{name} holds no authority to trust" in output, output.count("\n")) == (9, True, 1)
