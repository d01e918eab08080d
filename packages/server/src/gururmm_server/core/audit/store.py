"""The audit's signed heads, from what a process was told of them."""

from gururmm_server.core.audit.heads import AuditKey, HeadBook
from gururmm_server.core.audit.signing import HeadSigner
from gururmm_server.infra.database import Database
from gururmm_server.infra.errors import StartError
from gururmm_server.infra.object_store import FolderStore
from gururmm_server.settings import ProcessSettings

_HOW = "make it with `openssl rand -hex 32`, readable by the worker alone"


def head_book(settings: ProcessSettings) -> HeadBook | None:
    """Returns what reads the signed heads; None where this process was not told where they are. Raises `StartError`."""
    if settings.audit_store is None or not settings.audit_public_key:
        return None
    return HeadBook(FolderStore(settings.audit_store), _bytes(settings.audit_public_key, "--audit-public-key"))


def head_signer(settings: ProcessSettings, db: Database) -> HeadSigner:
    """Returns what signs heads. Raises `StartError` where the key or the store is missing: no worker does without."""
    if settings.audit_store is None:
        raise StartError("The worker needs a folder for the audit's signed heads: give it with --audit-store.")
    return HeadSigner(db, FolderStore(settings.audit_store), audit_key(settings))


def audit_key(settings: ProcessSettings) -> AuditKey:
    """Returns the key in the file that was given. Raises `StartError`."""
    path = settings.audit_key_file
    if path is None:
        raise StartError(f"The audit's heads need a key: give its file with --audit-key-file, {_HOW}.")
    try:
        text = path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise StartError(f"The key file {path} cannot be read ({error}): {_HOW}.") from error
    return AuditKey.of_seed(_bytes(text, f"The key file {path}"))


def _bytes(text: str, what: str) -> bytes:
    try:
        found = bytes.fromhex(text.strip())
    except ValueError:
        found = b""
    if len(found) != 32:
        raise StartError(f"{what} does not hold 64 hexadecimal digits: {_HOW}.")
    return found
