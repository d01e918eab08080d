"""Whom the agent trusts for TLS: the authorities of the system it runs on, wherever that family keeps them.

A frozen agent brings the OpenSSL of the machine that built it, which looks where that distribution has its store.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import ssl

_FOLDERS: Final = ("etc/ssl/certs", "etc/pki/tls/certs")
_FILES: Final = (
    "etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch, Gentoo
    "etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL and those made of it
    "etc/ssl/ca-bundle.pem",  # openSUSE, SLES
    "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # RHEL and Fedora without the older names
    "etc/ca-certificates/extracted/tls-ca-bundle.pem",  # Arch
    "etc/ssl/cert.pem",  # Alpine, Void
    "etc/pki/tls/cert.pem",
    "var/lib/ca-certificates/ca-bundle.pem",  # openSUSE without /etc
)
_HASHED: Final = "[0-9a-f]" * 8 + ".0"


def tls_context(ca_file: str | None) -> "ssl.SSLContext":
    """The system's trust store, or only the authorities in `ca_file` (PEM). Raises `OSError`."""
    import ssl

    if ca_file is not None:
        context = ssl.create_default_context(cafile=ca_file)
    else:
        context = ssl.create_default_context()
        known = ssl.get_default_verify_paths()  # those that exist, after SSL_CERT_FILE and SSL_CERT_DIR
        if not (_is_filled(known.cafile) or _is_hashed(known.capath)):
            file, folder = system_store(Path("/"))
            if file is not None or folder is not None:
                context.load_verify_locations(file, folder)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def system_store(root: Path) -> tuple[str | None, str | None]:
    """Returns the file or else the folder with the authorities of the system below `root`; two times None: it has none.

    A folder in which each has its hash for a name comes first: of that only what is asked for is read.
    """
    for name in _FOLDERS:
        if _is_hashed(root / name):
            return None, str(root / name)
    for name in _FILES:
        if _is_filled(root / name):
            return str(root / name), None
    return None, None


def _is_filled(file: Path | str | None) -> bool:
    try:
        return file is not None and Path(file).stat().st_size > 0
    except OSError:
        return False


def _is_hashed(folder: Path | str | None) -> bool:
    try:
        return folder is not None and next(Path(folder).glob(_HASHED), None) is not None
    except OSError:
        return False
