"""Clients of the api that are slow, silent or many: a request comes whole and soon, and nobody keeps others out."""

import asyncio
import resource
import subprocess
import sys

import pytest
from gururmm_server.entrypoints.internal_api import connections
from gururmm_server.infra import crowd

from packages.server.tests.waiting import until

from .conftest import PASSWORD, Api

HALF_HEAD = b"GET /api/v1/auth/me HTTP/1.1\r\nHost: x\r\nX-Slow:"
HALF_BODY = b"POST /api/v1/auth/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
Stranger = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _strangers(api: Api, count: int, said: bytes) -> list[Stranger]:
    port = int(api.base.rpartition(":")[2])

    async def come() -> Stranger:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(said)
        return reader, writer

    return list(await asyncio.gather(*(come() for _ in range(count))))


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Little patience."""
    monkeypatch.setattr(connections, "HEAD_S", 0.3)
    monkeypatch.setattr(connections, "BODY_S", 0.3)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("said", [b"", b"G", HALF_HEAD, HALF_BODY])
async def test_half_a_request_ends_with_its_connection(api: Api, said: bytes) -> None:
    strangers = await _strangers(api, 3, said)
    for reader, writer in strangers:
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1), 20)
        writer.close()


@pytest.mark.usefixtures("short")
async def test_a_second_half_request_on_a_good_connection_ends_too(api: Api) -> None:
    ((reader, writer),) = await _strangers(api, 1, b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    await reader.readexactly(len(b'{"status":"ok"}'))
    writer.write(HALF_HEAD)
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await asyncio.wait_for(reader.readexactly(1), 20)
    writer.close()


@pytest.mark.usefixtures("short")
async def test_whoever_waits_for_an_answer_is_not_cut_off(api: Api) -> None:
    """A request that is here in whole may take its time: only its rest is waited for so shortly."""
    path = f"/commands/{api.own.ids['command_id']}?wait_s=1"
    answer = await api.ask("GET", path, token=api.token())
    assert (answer.status, answer.body["status"]) == (200, "queued")


@pytest.mark.parametrize("said", [b"", HALF_HEAD, HALF_BODY], ids=["silent", "half a head", "half a body"])
async def test_a_crowd_from_one_address_loses_its_oldest_and_stops_nobody(
    api: Api, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(crowd, "FRESH_S", 0.0)
    strangers = await _strangers(api, 1100, said)
    assert (await api.ask("POST", "/auth/sign-in", {"email": api.own.email, "password": PASSWORD})).status == 200

    hearing = [asyncio.create_task(reader.read()) for reader, _ in strangers]
    await until(lambda: sum(each.done() for each in hearing) >= 1100 - crowd.MOST_EACH, 30)
    for _, writer in strangers:
        writer.transport.abort()
    await asyncio.gather(*hearing, return_exceptions=True)
    await asyncio.gather(*(writer.wait_closed() for _, writer in strangers), return_exceptions=True)


def test_a_process_opens_as_many_files_as_it_may() -> None:
    """With the 1,024 that systems give at first, 1,100 half-sent requests would reset everybody."""
    script = (
        "import resource\n"
        "from gururmm_server.infra.files import use_every_file\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (256, 4096))\n"
        "use_every_file()\n"
        "print(resource.getrlimit(resource.RLIMIT_NOFILE))\n"
    )
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[1] >= 4096
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "(4096, 4096)"
