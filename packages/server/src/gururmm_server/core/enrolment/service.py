"""The sacred path: hello, which every agent that ever was can ask, and enrolment, which registers a new one's key."""

import hashlib
import time
from typing import Self
from uuid import UUID

import msgspec
from gururmm_wire.challenge import enrolment_bytes
from gururmm_wire.hello import Action, EnrolRequest, EnrolResponse, HelloRequest, HelloResponse
from gururmm_wire.protocol import LATEST_PROTOCOL, MIN_SUPPORTED_PROTOCOL
from nacl.bindings import crypto_sign_open
from nacl.exceptions import BadSignatureError

from gururmm_server import __version__
from gururmm_server.core.access.scope import system_scope
from gururmm_server.core.agents import record
from gururmm_server.core.agents.os_family import os_family
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.component import House
from gururmm_server.core.enrolment import _repository as repository
from gururmm_server.core.enrolment._repository import Former
from gururmm_server.core.enrolment.directory import GatewayDirectory
from gururmm_server.core.enrolment.errors import (
    CodeExpired,
    CodeRevoked,
    CodeUnknown,
    CodeUsedUp,
    SignatureRefused,
)
from gururmm_server.core.enrolment.events import AgentEnrolled, Outcome
from gururmm_server.core.orders.signing import OrderSigner
from gururmm_server.core.presence import state
from gururmm_server.core.quotas.resources import MACHINES
from gururmm_server.core.quotas.service import Quotas
from gururmm_server.core.settings.orders import settle_machine
from gururmm_server.core.tenancy.codes import Admission, count_use, lock_admission, tenant_of_code
from gururmm_server.infra import outbox
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.rate_limit import RateLimit, RateLimited
from gururmm_server.infra.visitors import visitor

log = get_logger(__name__)

_FAILURES_PER_MINUTE = 20
_REFUSALS = {"expired": CodeExpired, "used_up": CodeUsedUp, "revoked": CodeRevoked}
_SAID = {
    "again": "This machine had been deleted in GuruRMM: it is back as a new one, with the key that it had.",
    "forgotten": "The server did not know this machine any more, as after a restored backup: it is registered anew.",
}


class Admitted(msgspec.Struct, frozen=True):
    """Who a machine is whose enrolment was taken; `message` says to people what is special about it."""

    tenant_id: UUID
    agent_id: UUID
    outcome: Outcome
    message: str = ""
    orders_after: int = 0


class Bootstrap:
    """Answers hello from memory and enrols machines."""

    def __init__(
        self, db: Database, gateways: GatewayDirectory, signer: OrderSigner, quotas: Quotas | None = None
    ) -> None:
        """Without `quotas`, they are those that hold where no disk is known."""
        self._db = db
        self._quotas = quotas or Quotas(db)
        self._signer = signer
        self._gateways = gateways
        self._failures = RateLimit(_FAILURES_PER_MINUTE, 60)

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db, house.get(GatewayDirectory), house.get(OrderSigner), house.get(Quotas))

    def hello(self, request: HelloRequest) -> HelloResponse:
        """Returns what this agent should do next. Asks no database."""
        action, message = _action(request.protocol_version)
        gateway = self._gateways.choose() if action == "proceed" else ""
        waiting = action == "proceed" and not gateway
        return _answer(
            action,
            "No gateway is up at this moment." if waiting else message,
            gateway_url=gateway,
            server_public_key=self._gateways.server_public_key,
            retry_after_s=5 if waiting else 0 if gateway else 3600,
        )

    def reject(self, message: str) -> HelloResponse:
        """Returns the answer to a hello that cannot be understood."""
        return _answer("rejected", message, retry_after_s=3600)

    async def enrol(self, request: EnrolRequest, address: str) -> EnrolResponse:
        """Registers a machine's key at a code's Site. The same key again gets the same id and uses nothing up.

        Raises `CodeUnknown`, `CodeExpired`, `CodeUsedUp`, `CodeRevoked`, `SignatureRefused`, `RateLimited` and
        `QuotaUsedUp`.
        """
        if wait := self._failures.check(visitor(address)):
            raise RateLimited(f"Too many refused enrolments from this address. Try again in {wait} seconds.", wait)
        try:
            admitted = await self._enrol(request, address)
        except (CodeUnknown, CodeExpired, CodeUsedUp, CodeRevoked, SignatureRefused):
            self._failures.hit(visitor(address))
            raise
        return EnrolResponse(
            agent_id=str(admitted.agent_id),
            server_public_key=self._gateways.server_public_key,
            gateway_url=self._gateways.choose(),
            order_public_key=self._signer.key.public_key.hex(),
            tenant_id=str(admitted.tenant_id),
            outcome=admitted.outcome,
            message=admitted.message,
            orders_after=admitted.orders_after,
        )

    async def _enrol(self, request: EnrolRequest, address: str) -> Admitted:
        public_key = bytes.fromhex(request.public_key)
        _check_signature(request, public_key)
        tenant_id = await tenant_of_code(self._db, request.site_code)
        if tenant_id is None:
            raise CodeUnknown
        async with self._db.scope(system_scope(tenant_id, "enrolment")) as tx:
            admission = await lock_admission(tx, request.site_code)
            if admission is None:
                raise CodeUnknown
            known = await record.of_key(tx, public_key)
            if known is not None:
                return Admitted(tenant_id, known, "known", _ambiguous(await state.names(tx, known)))
            if admission.state != "active":
                raise _REFUSALS[admission.state]
            await self._quotas.check(tx, MACHINES, await record.count(tx))
            admitted = await self._admit(tx, admission, request, address)
        log.info("agent enrolled", agent_id=str(admitted.agent_id), tenant_id=str(tenant_id), outcome=admitted.outcome)
        return admitted

    async def _admit(self, tx: Transaction, at: Admission, request: EnrolRequest, address: str) -> Admitted:
        """Returns who a machine is from now on whose key is none that is known."""
        tenant_id, public_key = tx.tenant_id, bytes.fromhex(request.public_key)
        assert tenant_id is not None
        agent_id = agent_id_of(tenant_id, public_key)
        if await record.is_taken(tx, agent_id, public_key):
            agent_id = new_id()  # that machine goes on with a newer key
        outcome: Outcome = "forgotten" if request.agent_id else "new"
        if await record.was_removed(tx, agent_id):
            outcome = "again"
        hostname = _printable(request.hostname) or "unnamed"
        former = await repository.former(tx, agent_id, _printable(request.machine_id), at.client_id)
        original = await record.find_by(tx, request.agent_id)
        if original is not None and not _proves(request, await record.key_of(tx, original.agent_id)):
            original = None  # anybody may say another's id
            outcome = "new" if outcome == "forgotten" else outcome
        if original is not None:  # it proves another key than the one of the machine that it was: a copy of that one
            outcome, former = "copy", Former(original.hostname, None)
        event = AgentEnrolled(
            agent_id=agent_id,
            client_id=at.client_id,
            site_id=at.site_id,
            hostname=hostname,
            outcome=outcome,
            before=former.hostname if former else "",
        )
        await self._register(tx, event, at, request, address=address)
        if original is not None:
            await record.keep_apart(tx, agent_id)
            await state.settle(tx, original.agent_id, hostname)
        # Orders about who this machine is were signed before, if there are any: they meant the machine that it was.
        return Admitted(tenant_id, agent_id, outcome, _words(outcome, former), self._signer.counter())

    async def _register(
        self, tx: Transaction, event: AgentEnrolled, at: Admission, request: EnrolRequest, *, address: str
    ) -> None:
        tenant_id, agent_id = tx.tenant_id, event.agent_id
        assert tenant_id is not None
        details = {"hostname": event.hostname, "site_id": at.site_id, "code_id": at.code_id, "address": address}
        details |= {"outcome": event.outcome, "before": event.before} if event.before or event.outcome != "new" else {}
        await append(tx, "audit_log", AuditRow("agent.enrolled", None, agent_id=agent_id, details=details))
        await count_use(tx, at)
        new = record.NewAgent(
            tenant_id=tenant_id,
            agent_id=agent_id,
            place=record.Place(at.client_id, at.client_name, at.site_id, at.site_name),
            public_key=bytes.fromhex(request.public_key),
            hostname=event.hostname,
            machine_id=_printable(request.machine_id),
            os_name=_printable(request.os),
            os_family=os_family(request.os),
            arch=_printable(request.arch),
            agent_version=_printable(request.agent_version),
            protocol=max(0, min(request.protocol_version, 1_000_000)),
        )
        await record.register(tx, new)
        await state.add(tx, tenant_id, agent_id, at.client_id)
        await settle_machine(tx, self._signer, agent_id)
        await outbox.publish(tx, tenant_id, event)


def _ambiguous(names: list[str]) -> str:
    """Returns what the person at a machine should know whose key others prove, too; nothing where nobody does."""
    if not names:
        return ""
    return (
        f"Several machines have the key of this one: {' and '.join(names)}. Nothing runs on any of them until somebody"
        " decides, on its page in GuruRMM, or on a copy: sh -s -- --own-key."
    )


def _words(outcome: Outcome, former: Former | None) -> str:
    """Returns what the person at the machine should know of its enrolment; nothing where it is simply new."""
    if outcome == "copy" and former is not None:
        return (
            f"This machine was a copy of {former.hostname}: it has a key of its own now, and is a machine of its own."
        )
    said = [_SAID[outcome]] if outcome in _SAID else []
    if former is not None:
        seen = f", last seen {former.last_seen:%Y-%m-%d %H:%M} UTC" if former.last_seen else ""
        said.append(
            f"This machine was {former.hostname} before{seen}. Both are kept: on its page in GuruRMM somebody decides"
            f" whether it goes on as {former.hostname}."
        )
    return " ".join(said)


def agent_id_of(tenant_id: UUID, public_key: bytes) -> UUID:
    """Returns the id of the machine with this key in this Partner: enrolled again, it gets the same one."""
    digest = bytearray(hashlib.sha256(b"gururmm agent id\0" + tenant_id.bytes + public_key).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x80  # version 8: made by its own rules (RFC 9562)
    digest[8] = digest[8] & 0x3F | 0x80
    return UUID(bytes=bytes(digest))


def _action(protocol: int) -> tuple[Action, str]:
    if protocol < MIN_SUPPORTED_PROTOCOL:
        return "upgrade_required", f"This server speaks protocols {MIN_SUPPORTED_PROTOCOL} to {LATEST_PROTOCOL}."
    if protocol > LATEST_PROTOCOL:
        return "downgrade_required", f"This server speaks protocols {MIN_SUPPORTED_PROTOCOL} to {LATEST_PROTOCOL}."
    return "proceed", ""


def _answer(
    action: Action, message: str, *, gateway_url: str = "", server_public_key: str = "", retry_after_s: int = 0
) -> HelloResponse:
    return HelloResponse(
        server_version=__version__,
        min_supported_protocol=MIN_SUPPORTED_PROTOCOL,
        latest_protocol=LATEST_PROTOCOL,
        action=action,
        message=message,
        gateway_url=gateway_url,
        server_public_key=server_public_key,
        server_time=int(time.time()),
        retry_after_s=retry_after_s,
    )


def _check_signature(request: EnrolRequest, public_key: bytes) -> None:
    signed = enrolment_bytes(request.site_code, request.public_key, request.hostname)
    try:
        crypto_sign_open(bytes.fromhex(request.signature) + signed, public_key)
    except (BadSignatureError, ValueError) as error:
        raise SignatureRefused from error


def _proves(request: EnrolRequest, key: bytes | None) -> bool:
    """Returns whether the agent also holds the key of the machine that it says it was."""
    signed = enrolment_bytes(request.site_code, request.public_key, request.hostname)
    try:
        crypto_sign_open(bytes.fromhex(request.agent_signature) + signed, key or b"")
    except (BadSignatureError, ValueError, TypeError):
        return False
    return bool(request.agent_signature)


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
