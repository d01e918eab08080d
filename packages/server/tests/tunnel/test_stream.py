"""The browser's WebSocket as it is: a real uvicorn, a real client, frames by the book and against it."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from gururmm_server.core.tunnel import browser_end
from gururmm_server.entrypoints.internal_api.server import ApiServer
from gururmm_server.entrypoints.tech_stream.tunnel import build_router
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin

from packages.server.tests.waiting import until

from .conftest import House


@pytest.fixture
async def port(house: House) -> AsyncIterator[int]:
    app = FastAPI()
    app.include_router(build_router(house.db, house.relays, "https://rmm.example.org"), prefix="/api/v1")
    server = ApiServer(app, "127.0.0.1", 0)
    task = asyncio.create_task(server.run())
    await until(lambda: server.started)
    yield server.port
    server.stop()
    await task


async def dial(house: House, port: int, session_id: UUID, origin: str | None = None) -> ClientConnection:
    stream = (await house.service.ticket(house.tech, session_id)).stream_url
    return await connect(
        f"ws://127.0.0.1:{port}{stream}", origin=Origin(origin or f"http://127.0.0.1:{port}"), compression=None
    )


class Tab:
    """Speaks the stream's frames over a real socket."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.output = bytearray()
        self.controls: list[dict[str, Any]] = []
        self.typed = 0
        self.acknowledged = 0
        self.code: int | None = None
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for frame in self.socket:
                if isinstance(frame, bytes):
                    assert frame[0] == 1
                    assert int.from_bytes(frame[1:9], "big") == len(self.output)
                    self.output += frame[9:]
                    await self.socket.send(json.dumps({"type": "ack", "channel": 1, "output_offset": len(self.output)}))
                else:
                    message = json.loads(frame)
                    self.controls.append(message)
                    self.acknowledged = message.get("offset", self.acknowledged)
        except ConnectionClosed:
            pass
        self.code = self.socket.close_code

    async def attach(self) -> None:
        await self.socket.send(
            json.dumps(
                {
                    "type": "attach",
                    "channel": 1,
                    "output_offset": len(self.output),
                    "parameters": {"columns": 80, "rows": 24},
                }
            )
        )
        await until(lambda: self.controls or self.code)

    async def type(self, data: bytes) -> None:
        await self.socket.send(b"\x01" + self.typed.to_bytes(8, "big") + data)
        self.typed += len(data)


async def test_a_terminal_over_a_real_socket(house: House, port: int) -> None:
    session_id = await house.open()
    tab = Tab(await dial(house, port, session_id))
    await tab.attach()
    assert tab.controls[0] == {"type": "attached", "channel": 1, "input_offset": 0, "output_offset": 0}
    await tab.type(b"uname\r")
    await until(lambda: tab.output == b"uname\r")
    await until(lambda: tab.acknowledged == 6)
    await tab.socket.send('{"type":"change","channel":1,"parameters":{"columns":132,"rows":43}}')
    await until(lambda: house.agent.sizes and house.agent.sizes[-1] == (132, 43))
    await tab.socket.send('{"type":"close"}')
    await until(lambda: tab.code)
    assert tab.code == 1000
    assert tab.controls[-1]["type"] == "closed"
    await until(lambda: house.agent.hung_up)


async def test_an_idle_terminal_is_told_that_the_server_lives(
    house: House, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser_end, "PING_EVERY_S", 0.05)
    tab = Tab(await dial(house, port, await house.open()))
    await tab.attach()
    await until(lambda: tab.controls.count({"type": "ping"}) >= 3)
    await tab.type(b"uname\r")
    await until(lambda: tab.output == b"uname\r")
    await tab.socket.close()


@pytest.mark.parametrize("code", [1001, 4000, None])
async def test_a_page_that_is_reloaded_left_or_crashes_is_back_in_its_shell(
    house: House, port: int, code: int | None
) -> None:
    session_id = await house.open()
    tab = Tab(await dial(house, port, session_id))
    await tab.attach()
    await tab.type(b"vi notes\r")
    await until(lambda: tab.output == b"vi notes\r")
    if code is None:
        tab.socket.transport.abort()
    else:
        await tab.socket.close(code)
    relay = house.relays.find(session_id)
    assert relay is not None
    await until(lambda: relay.browser is None)

    async def is_left() -> bool:
        (own,) = await house.service.own(house.tech.inside())
        return own.left_at is not None

    await until(is_left)
    again = Tab(await dial(house, port, session_id))
    await again.attach()
    assert again.controls[0] == {"type": "attached", "channel": 1, "input_offset": 9, "output_offset": 0}
    await until(lambda: again.output == b"vi notes\r")
    assert again.controls[1] == {"type": "history", "channel": 1, "until": 9, "prelude": ""}
    assert not await is_left()
    assert house.agent.hung_up == 0
    again.socket.transport.abort()


async def test_a_client_that_says_it_is_done_ends_the_shell(house: House, port: int) -> None:
    tab = Tab(await dial(house, port, await house.open()))
    await tab.attach()
    await tab.socket.close(1000)
    await until(lambda: house.agent.hung_up)


async def test_a_megabyte_goes_both_ways_through_real_frames(house: House, port: int) -> None:
    tab = Tab(await dial(house, port, await house.open()))
    await tab.attach()
    text = os.urandom(1024 * 1024)
    for position in range(0, len(text), 32768):
        await until(lambda: tab.typed - tab.acknowledged <= 7 * 32768, 30)
        await tab.type(text[position : position + 32768])
    await until(lambda: len(tab.output) == len(text), 30)
    assert bytes(tab.output) == text
    assert bytes(house.agent.input) == text
    await tab.socket.close()


async def test_tickets_sessions_and_origins_are_checked(house: House, port: int) -> None:
    session_id, other = await house.open(), await house.open()
    ours = Origin(f"http://127.0.0.1:{port}")
    ticket = (await house.service.ticket(house.tech, session_id)).ticket

    async def refused(session: object, ticket: str) -> int | None:
        socket = await connect(f"ws://127.0.0.1:{port}/api/v1/tunnel/stream/{session}?ticket={ticket}", origin=ours)
        tab = Tab(socket)
        await tab.attach()
        await until(lambda: tab.code)
        return tab.code

    assert await refused(other, ticket) == 4401  # and the ticket is used up by the attempt
    assert await refused(session_id, ticket) == 4401
    assert await refused(session_id, "nonsense") == 4401
    assert await refused("no-uuid", "nonsense") == 4401
    ticket = (await house.service.ticket(house.tech, session_id)).ticket
    await house.service.close(house.tech.inside(), session_id)
    assert await refused(session_id, ticket) == 4409
    ticket = (await house.service.ticket(house.tech, other)).ticket
    for foreign in ("https://evil.example", "null", None):
        with pytest.raises(InvalidStatus):
            await connect(
                f"ws://127.0.0.1:{port}/api/v1/tunnel/stream/{other}?ticket={ticket}",
                origin=Origin(foreign) if foreign else None,
            )
    tab = Tab(await dial(house, port, other, "https://rmm.example.org"))
    await tab.attach()
    assert tab.controls[0]["type"] == "attached"
    await tab.socket.close()


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"1234567",
        b"123456789",
        b"\x01" + bytes(8 + 32769),
        b"\x01" + (1 << 40).to_bytes(8, "big") + b"x",
        b"\x00" + bytes(8) + b"x",
        b"\x02" + bytes(8) + b"x",
        "nonsense",
        "{}",
        '{"type":"attach","channel":2,"output_offset":0}',
        '{"type":"attach","channel":0,"output_offset":0}',
        '{"type":"attach","channel":1,"output_offset":0,"parameters":{"columns":80}}',
        '{"type":"change","channel":1,"parameters":{"columns":0,"rows":24}}',
        '{"type":"change","channel":1,"parameters":{"columns":80,"rows":100000}}',
        '{"type":"change","channel":1,"parameters":{"columns":"80","rows":24}}',
        '{"type":"change","channel":1,"parameters":[]}',
        '{"type":"change","channel":2,"parameters":{"columns":80,"rows":24}}',
        '{"type":"ack","channel":1,"output_offset":-1}',
        '{"type":"ack","channel":1,"output_offset":"1"}',
        '{"type":"close","channel":2}',
        '{"type":"close"' + " " * 2000 + "}",
        '{"type":"close","x":' + "[" * 1000,
    ],
)
async def test_frames_against_the_book_close_this_socket_only(house: House, port: int, frame: str | bytes) -> None:
    session_id = await house.open()
    tab = Tab(await dial(house, port, session_id))
    await tab.attach()
    await tab.socket.send(frame)
    await until(lambda: tab.code)
    assert tab.code == 1008
    assert house.agent.hung_up == 0
    again = Tab(await dial(house, port, session_id))
    await again.attach()
    assert again.controls[0]["type"] == "attached"
    await again.socket.close()


async def test_a_first_frame_without_end_is_refused(house: House, port: int) -> None:
    socket = await dial(house, port, await house.open())
    await socket.send('{"type":"attach","channel":1,"output_offset":0,"x":' + "[" * 60_000)
    with pytest.raises(ConnectionClosed):
        await socket.recv()
    assert socket.close_code == 1008


async def test_a_tab_that_claims_what_never_was_is_refused(house: House, port: int) -> None:
    socket = await dial(house, port, await house.open())
    await socket.send(json.dumps({"type": "attach", "channel": 1, "output_offset": 1 << 50}))
    with pytest.raises(ConnectionClosed):
        await socket.recv()
    assert socket.close_code == 1008
