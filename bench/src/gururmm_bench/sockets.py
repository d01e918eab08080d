"""Bytes and segments of one process's TCP connections, as the kernel counted them (Linux sock_diag)."""

import socket
import struct
from dataclasses import dataclass
from typing import Final

import psutil

_NETLINK_SOCK_DIAG: Final = 4
_SOCK_DIAG_BY_FAMILY: Final = 20
_REQUEST_DUMP: Final = 0x301
_DONE: Final = 3
_ERROR: Final = 2
_TCP_INFO: Final = 2
_ESTABLISHED: Final = 1 << 1
_HEADER: Final = struct.Struct("=IHHII")
_MESSAGE_BYTES: Final = 72
_COUNTERS: Final = struct.Struct("=QQII")
_COUNTERS_AT: Final = 120
"""Of bytes_acked, bytes_received, segs_out, segs_in in the kernel's tcp_info; the layout only ever grows behind."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """One connection since it was opened: payload bytes and TCP segments, out and in."""

    sent: int
    received: int
    segments_out: int
    segments_in: int


def traffic(pid: int) -> dict[int, Traffic]:
    """Local port to counters of the process's open IPv4 connections. Raises `OSError` where the kernel refuses."""
    connections = psutil.Process(pid).net_connections("tcp4")
    ports = {item.laddr.port for item in connections if item.status == psutil.CONN_ESTABLISHED}
    return {port: counters for port, counters in _asked().items() if port in ports}


def _asked(tries: int = 3) -> dict[int, Traffic]:
    """Everything, asked again when the kernel breaks a dump off: connections come and go under it."""
    while True:
        try:
            return _all()
        except OSError:
            tries -= 1
            if not tries:
                raise


def _all() -> dict[int, Traffic]:
    request = struct.pack("=BBBBI", socket.AF_INET, socket.IPPROTO_TCP, 1 << (_TCP_INFO - 1), 0, _ESTABLISHED) + bytes(
        48
    )
    found: dict[int, Traffic] = {}
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as kernel:
        kernel.settimeout(5)
        kernel.sendall(_HEADER.pack(16 + len(request), _SOCK_DIAG_BY_FAMILY, _REQUEST_DUMP, 1, 0) + request)
        while True:
            data = kernel.recv(65536)
            while data:
                length, kind, *_ = _HEADER.unpack_from(data)
                if kind in (_DONE, _ERROR):
                    return found
                _add(data[16:length], found)
                data = data[(length + 3) & ~3 :]


def _add(body: bytes, found: dict[int, Traffic]) -> None:
    port = int.from_bytes(body[4:6], "big")
    rest = body[_MESSAGE_BYTES:]
    while len(rest) >= 4:
        length, kind = struct.unpack_from("=HH", rest)
        if kind == _TCP_INFO and length - 4 >= _COUNTERS_AT + _COUNTERS.size:
            found[port] = Traffic(*_COUNTERS.unpack_from(rest, 4 + _COUNTERS_AT))
        rest = rest[max(4, (length + 3) & ~3) :]
