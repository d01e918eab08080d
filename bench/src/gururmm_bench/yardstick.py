"""How fast this machine is just now, in two figures that no code of ours can change.

Virtual machines of one name differ by a factor of three from day to day; without these, so would the figures.
"""

import os
import socket

from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair

from gururmm_bench.clocks import cpu_us


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
                "ed25519_verify_us": round(cpu_us(lambda: crypto_sign_open(signed, public_key)), 1),
                "loopback_byte_us": round(cpu_us(pass_a_byte), 1),
            }
