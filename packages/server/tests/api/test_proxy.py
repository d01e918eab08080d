"""Behind the proxy that `deploy` has, as it is configured there: who is who, and what is passed on."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from gururmm_server.infra.embedded.data_dir import free_port

from packages.server.tests.waiting import until

from .conftest import PASSWORD, Api

_CADDYFILE = Path(__file__).parents[4] / "deploy" / "caddy" / "Caddyfile"


@pytest.fixture
def trusted_proxies() -> tuple[str, ...]:
    """As deploy/systemd/gururmm.env.example says it."""
    return ("127.0.0.1",)


@pytest.fixture
async def proxy(api: Api, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of Caddy with the file of `deploy`, whose name and ports are this test's."""
    caddy = shutil.which("caddy")
    assert caddy is not None, "Debian's caddy is missing: apt-get install caddy"
    url = f"http://127.0.0.1:{free_port(set())}"
    text = _CADDYFILE.read_text()
    for ours, theirs in (
        ("\nrmm.example.org {", f"\n{url} {{"),
        ("127.0.0.1:8080", api.base.removeprefix("http://")),
        ("\t\t\tstream_close_delay 5m\n", ""),  # Debian 12's Caddy (2.6) is a little too old for it
        ("\tservers {", "\tadmin off\n\tauto_https off\n\tservers {"),
    ):
        assert text.count(ours) == 1
        text = text.replace(ours, theirs)
    (tmp_path / "Caddyfile").write_text(text)
    environment = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [caddy, "run", "--config", tmp_path / "Caddyfile", "--adapter", "caddyfile"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
        )
    try:

        async def answers() -> bool:
            assert process.poll() is None, (tmp_path / "log").read_text()
            try:
                async with api.browser.get(f"{url}/healthz") as response:
                    return response.status == 200
            except aiohttp.ClientError:
                return False

        await until(answers, 30)
        yield url
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)


async def _sign_in(proxy: str, source: str, password: str, **headers: str) -> int:
    connector = aiohttp.TCPConnector(local_addr=(source, 0))
    body: dict[str, Any] = {"email": "admin@own.example", "password": password}
    if password != PASSWORD:
        body["email"] = f"nobody-{headers.pop('who', '')}@own.example"
    async with (
        aiohttp.ClientSession(connector=connector) as visitor,
        visitor.post(f"{proxy}/api/v1/auth/sign-in", json=body, headers=headers) as response,
    ):
        return response.status


@pytest.mark.usefixtures("api")
async def test_one_visitors_wrong_passwords_lock_out_nobody_else(proxy: str) -> None:
    statuses = [await _sign_in(proxy, "127.0.0.2", "wrong", who=str(number)) for number in range(21)]
    assert statuses == [401] * 20 + [429]
    assert await _sign_in(proxy, "127.0.0.3", PASSWORD) == 200
    # Nobody is somebody else by saying so.
    assert await _sign_in(proxy, "127.0.0.2", PASSWORD, **{"X-Forwarded-For": "198.51.100.9:4711"}) == 429


async def test_figures_are_not_passed_on(api: Api, proxy: str) -> None:
    async with api.browser.get(f"{proxy}/metrics") as response:
        assert response.status == 404
    assert (await api.ask("GET", "/-/metrics")).status == 200
