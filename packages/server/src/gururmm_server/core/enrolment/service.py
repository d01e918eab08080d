"""The sacred path: hello, which every agent that ever was can ask, and enrolment, which registers a new one's key."""

import hashlib
import time
from typing import Self
from uuid import UUID

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
from gururmm_server.core.enrolment.directory import GatewayDirectory
from gururmm_server.core.enrolment.errors import (
    CodeExpired,
    CodeRevoked,
    CodeUnknown,
    CodeUsedUp,
    SignatureRefused,
)
from gururmm_server.core.enrolment.events import AgentEnrolled
from gururmm_server.core.orders.signing import OrderSigner
from gururmm_server.core.presence import state
from gururmm_server.core.tenancy.codes import Admission, count_use, lock_admission, tenant_of_code
from gururmm_server.infra import outbox
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.rate_limit import RateLimit, RateLimited

log = get_logger(__name__)

_FAILURES_PER_MINUTE = 20
_REFUSALS = {"expired": CodeExpired, "used_up": CodeUsedUp, "revoked": CodeRevoked}


class Bootstrap:
    """Answers hello from memory and enrols machines."""

    def __init__(self, db: Database, gateways: GatewayDirectory, signer: OrderSigner) -> None:
        self._db = db
        self._signer = signer
        self._gateways = gateways
        self._failures = RateLimit(_FAILURES_PER_MINUTE, 60)

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db, house.get(GatewayDirectory), house.get(OrderSigner))

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

        Raises `CodeUnknown`, `CodeExpired`, `CodeUsedUp`, `CodeRevoked`, `SignatureRefused` and `RateLimited`.
        """
        if wait := self._failures.check(address):
            raise RateLimited(f"Too many refused enrolments from this address. Try again in {wait} seconds.", wait)
        try:
            tenant_id, agent_id = await self._enrol(request, address)
        except (CodeUnknown, CodeExpired, CodeUsedUp, CodeRevoked, SignatureRefused):
            self._failures.hit(address)
            raise
        return EnrolResponse(
            agent_id=str(agent_id),
            server_public_key=self._gateways.server_public_key,
            gateway_url=self._gateways.choose(),
            order_public_key=self._signer.key.public_key.hex(),
            tenant_id=str(tenant_id),
        )

    async def _enrol(self, request: EnrolRequest, address: str) -> tuple[UUID, UUID]:
        """Returns the Partner's and the machine's id."""
        public_key = bytes.fromhex(request.public_key)
        _check_signature(request, public_key)
        tenant_id = await tenant_of_code(self._db, request.site_code)
        if tenant_id is None:
            raise CodeUnknown
        agent_id = agent_id_of(tenant_id, public_key)
        async with self._db.scope(system_scope(tenant_id, "enrolment")) as tx:
            admission = await lock_admission(tx, request.site_code)
            if admission is None:
                raise CodeUnknown
            if await record.is_enrolled(tx, agent_id):
                return tenant_id, agent_id
            if admission.state != "active":
                raise _REFUSALS[admission.state]
            await self._register(tx, agent_id, admission, request, address=address)
        log.info("agent enrolled", agent_id=str(agent_id), tenant_id=str(tenant_id))
        return tenant_id, agent_id

    async def _register(
        self, tx: Transaction, agent_id: UUID, at: Admission, request: EnrolRequest, *, address: str
    ) -> None:
        tenant_id = tx.tenant_id
        assert tenant_id is not None
        hostname = _printable(request.hostname) or "unnamed"
        details = {"hostname": hostname, "site_id": at.site_id, "code_id": at.code_id, "address": address}
        await append(tx, "audit_log", AuditRow("agent.enrolled", None, agent_id=agent_id, details=details))
        await count_use(tx, at)
        new = record.NewAgent(
            tenant_id=tenant_id,
            agent_id=agent_id,
            place=record.Place(at.client_id, at.client_name, at.site_id, at.site_name),
            public_key=bytes.fromhex(request.public_key),
            hostname=hostname,
            machine_id=_printable(request.machine_id),
            os_name=_printable(request.os),
            os_family=os_family(request.os),
            arch=_printable(request.arch),
            agent_version=_printable(request.agent_version),
            protocol=max(0, min(request.protocol_version, 1_000_000)),
        )
        await record.register(tx, new)
        await state.add(tx, tenant_id, agent_id, at.client_id)
        event = AgentEnrolled(agent_id=agent_id, client_id=at.client_id, site_id=at.site_id, hostname=hostname)
        await outbox.publish(tx, tenant_id, event)


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


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
