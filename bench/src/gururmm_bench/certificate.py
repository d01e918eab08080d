"""A certificate for the run's own loopback address, as the TLS of a real installation has one (ECDSA, P-256)."""

import shutil
import subprocess
from pathlib import Path


def certificate(folder: Path) -> Path:
    """A PEM file with certificate and key, made once in `folder`. Raises `RuntimeError` without openssl."""
    path = folder / "certificate.pem"
    if path.exists():
        return path
    openssl = shutil.which("openssl")
    if openssl is None:
        raise RuntimeError("openssl is not installed: it makes the certificate.")
    key, public = folder / "key.pem", folder / "public.pem"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
            *("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", public),
        ],
        check=True,
        capture_output=True,
    )
    path.touch(mode=0o600)
    path.write_bytes(public.read_bytes() + key.read_bytes())
    return path
