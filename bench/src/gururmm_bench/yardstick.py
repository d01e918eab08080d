"""How fast this machine is just now, in two figures that no code of ours can change.

Virtual machines of one name differ by a factor of three from day to day; without these, so would the figures.
"""

import os
import socket
import time
from collections.abc import Callable
from typing import Final

from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair

_ROUNDS: Final = 2000


def yardstick() -> dict[str, float]:
    """CPU of this process in µs: one Ed25519 verification (150 bytes), one byte through a loopback TCP connection."""
    public_key, secret_key = crypto_sign_seed_keypair(os.urandom(32))
    signed = crypto_sign(os.urandom(150), secret_key)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as near:
        far, _ = server.accept()
        with far:

            def pass_a_byte() -> None:
                near.send(b"x")
                far.recv(1)

            return {
                "ed25519_verify_us": _cpu_us(lambda: crypto_sign_open(signed, public_key)),
                "loopback_byte_us": _cpu_us(pass_a_byte),
            }


def _cpu_us(act: Callable[[], object]) -> float:
    began = time.process_time()
    for _ in range(_ROUNDS):
        act()
    return round((time.process_time() - began) / _ROUNDS * 1e6, 1)
