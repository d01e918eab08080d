"""What may be given back to the system, only what a file has just so; and how much a connection with TLS keeps."""

import asyncio
import ssl
from asyncio import sslproto

from gururmm_agent import memory
from gururmm_agent.memory import unchanged

CODE = (0x7F00_0000_1000, 0x7F00_0000_2000)


def mapping(permissions: str, *, inode: int = 7, anonymous: int = 0, swap: int = 0) -> list[str]:
    """One mapping as `smaps` tells it, at `CODE`."""
    return [
        f"7f0000001000-7f0000002000 {permissions} 00000000 fe:00 {inode}    /usr/lib/libssl.so.3\n",
        "Rss:                   4 kB\n",
        f"Anonymous:         {anonymous:5} kB\n",
        f"Swap:              {swap:5} kB\n",
        "VmFlags: rd mr mw me\n",
    ]


def test_code_and_constants_of_a_file_are_given_back():
    assert list(unchanged(mapping("r-xp"))) == [CODE]
    assert list(unchanged([*mapping("r--p"), *mapping("r-xp")])) == [CODE, CODE]


def test_what_the_linker_has_written_stays():
    assert list(unchanged(mapping("r--p", anonymous=4))) == []
    assert list(unchanged([*mapping("r-xp"), *mapping("r--p", anonymous=4)])) == [CODE]


def test_what_the_linker_has_written_stays_also_where_it_is_swapped_out():
    assert list(unchanged(mapping("r--p", swap=4))) == []


def test_what_can_be_written_and_what_is_no_files_stays():
    for permissions in ("rw-p", "rwxp", "r--s", "---p"):
        assert list(unchanged(mapping(permissions))) == []
    assert list(unchanged(mapping("r-xp", inode=0))) == []


def test_a_system_that_does_not_tell_what_was_written_keeps_everything():
    without = [line for line in mapping("r--p") if not line.startswith(("Anonymous:", "Swap:"))]
    assert list(unchanged(without)) == []


async def test_a_connection_with_tls_keeps_room_for_one_record(monkeypatch):
    monkeypatch.setattr(sslproto.SSLProtocol, "max_size", sslproto.SSLProtocol.max_size)
    memory.keep_tls_small()
    loop = asyncio.get_running_loop()
    protocol = sslproto.SSLProtocol(loop, asyncio.Protocol(), ssl.create_default_context(), loop.create_future())
    assert len(protocol.get_buffer(-1)) == 16 * 1024
    protocol.connection_lost(None)
