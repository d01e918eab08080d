"""TLS handshakes by themselves, in memory: the server's arithmetic, no socket."""

import ssl
import time
from pathlib import Path


def handshakes_a_cpu_second(certificate: Path, rounds: int = 300) -> float:
    """Full TLS 1.3 handshakes with this certificate and key (PEM, one file) per second of the server's CPU."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    caller = ssl.create_default_context(cafile=str(certificate))
    return rounds / sum(_server_seconds(context, caller) for _ in range(rounds))


def _server_seconds(context: ssl.SSLContext, caller: ssl.SSLContext) -> float:
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = caller.wrap_bio(down, up, server_hostname="127.0.0.1")
    spent, began = 0.0, time.thread_time()
    far = context.wrap_bio(up, down, server_side=True)
    spent += time.thread_time() - began
    for _ in range(3):
        _step(near)
        began = time.thread_time()
        _step(far)
        spent += time.thread_time() - began
    assert near.version() == "TLSv1.3"
    return spent


def _step(side: ssl.SSLObject) -> None:
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return
