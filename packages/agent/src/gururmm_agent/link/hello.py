"""Enrolment and hello: the two questions over HTTP that lead to a gateway."""

import logging
from typing import Final

import msgspec
from gururmm_wire.addresses import gives_up_tls, plain_beyond_loopback
from gururmm_wire.challenge import enrolment_bytes
from gururmm_wire.hello import EnrolRequest, EnrolResponse, HelloRequest, HelloResponse
from gururmm_wire.protocol import LATEST_PROTOCOL
from nacl.bindings import crypto_sign, crypto_sign_BYTES, crypto_sign_seed_keypair

from gururmm_agent import __version__
from gururmm_agent.errors import AgentError, EnrolmentRefused, NeedsTls, ServerUnreachable
from gururmm_agent.link.http import HttpError, post_json
from gururmm_agent.state import Identity, StateDirectory

_log = logging.getLogger(__name__)
_HELLO_PATH: Final = "/api/v1/bootstrap/hello"
_ENROL_PATH: Final = "/api/v1/bootstrap/enrol"


class Machine(msgspec.Struct, frozen=True):
    """How the machine presents itself before anything is collected."""

    hostname: str
    machine_id: str
    os: str
    arch: str


class HelloFailed(Exception):
    """The server gave no usable answer to hello."""


class _Problem(msgspec.Struct):
    code: str = ""
    message: str = ""


def sign(seed: bytes, message: bytes) -> bytes:
    """The 64-byte Ed25519 signature by the key of this 32-byte seed."""
    _, secret = crypto_sign_seed_keypair(seed)
    return crypto_sign(message, secret)[:crypto_sign_BYTES]


async def enrol(
    state: StateDirectory,
    machine: Machine,
    server: str,
    site_code: str,
    ca_file: str | None,
    *,
    insecure_http: bool = False,
) -> Identity:
    """Register this machine's own key with a site code; once: an identity for the same server is returned as it is.

    One from before there were order keys is completed. Raises `EnrolmentRefused` (wrong code, other server), `NeedsTls`
    and `ServerUnreachable`.
    """
    server = server.rstrip("/")
    known = state.read_identity()
    if known is not None and known.server != server:
        raise EnrolmentRefused(
            f"This machine is already enrolled with {known.server}; remove {state.path} to enrol it elsewhere."
        )
    if known is not None and known.order_keys:
        return known
    try:
        if plain_beyond_loopback(server) and not insecure_http:
            raise NeedsTls(
                f"{server} does without TLS: whoever is on the way could answer in its place and take this machine "
                "over; use the server's https:// address, or accept that with --insecure-http."
            )
        seed = state.pending_key() if known is None else bytes.fromhex(known.private_key)
        identity = await _new_identity(seed, machine, server, site_code, ca_file)
    except AgentError as error:
        if known is None:
            raise
        _log.warning("the order key could not be fetched: %s", error)
        return known
    if known is not None and not _is_same(known, identity):
        _log.error("%s answers as another server than the one this machine was enrolled with", server)
        return known
    state.write_identity(identity)
    return identity


async def _new_identity(seed: bytes, machine: Machine, server: str, site_code: str, ca_file: str | None) -> Identity:
    answer = await _ask_to_enrol(seed, machine, server, site_code, ca_file)
    identity = Identity(
        server=server,
        agent_id=answer.agent_id,
        private_key=seed.hex(),
        server_public_key=answer.server_public_key,
        gateway=answer.gateway_url,
        order_keys=[answer.order_public_key] if answer.order_public_key else [],
        tenant_id=answer.tenant_id,
    )
    if not _is_whole(identity):
        raise ServerUnreachable(f"{server} answered the enrolment with an id or key of the wrong length.")
    if refusal := refusal_of(server, answer.gateway_url):
        raise NeedsTls(f"{refusal}.")
    return identity


def _is_same(known: Identity, identity: Identity) -> bool:
    return (known.agent_id, known.server_public_key) == (identity.agent_id, identity.server_public_key)


def refusal_of(server: str, gateway: str) -> str:
    """Returns why an agent of this server does not connect to that gateway; empty where it does."""
    if not gives_up_tls(server, gateway):
        return ""
    return (
        f"{server} names a gateway without TLS ({gateway}), which its agents refuse: "
        "whoever runs it gives a wss:// address with --gateway-urls"
    )


def _is_whole(identity: Identity) -> bool:
    try:
        keys = [bytes.fromhex(key) for key in (identity.server_public_key, *identity.order_keys)]
        ids = (identity.agent_id_bytes, identity.tenant_id_bytes if identity.order_keys else bytes(16))
    except ValueError:
        return False
    return all(len(key) == 32 for key in keys) and all(len(each) == 16 for each in ids)


async def _ask_to_enrol(
    seed: bytes, machine: Machine, server: str, site_code: str, ca_file: str | None
) -> EnrolResponse:
    public_key = crypto_sign_seed_keypair(seed)[0].hex()
    request = EnrolRequest(
        site_code=site_code,
        public_key=public_key,
        signature=sign(seed, enrolment_bytes(site_code, public_key, machine.hostname)).hex(),
        hostname=machine.hostname,
        machine_id=machine.machine_id,
        agent_version=__version__,
        protocol_version=LATEST_PROTOCOL,
        os=machine.os,
        arch=machine.arch,
    )
    try:
        status, body = await post_json(server + _ENROL_PATH, msgspec.json.encode(request), ca_file=ca_file)
    except HttpError as error:
        raise ServerUnreachable(f"{server} cannot be reached: {error}.") from error
    if status >= 500 or status == 429:
        raise ServerUnreachable(f"{server} cannot enrol machines now (HTTP {status}); try again later.")
    if status >= 400:
        raise EnrolmentRefused(f"{server} refused the enrolment: {_problem(status, body)}")
    try:
        return msgspec.json.decode(body, type=EnrolResponse)
    except msgspec.MsgspecError as error:
        raise ServerUnreachable(f"{server} gave an answer that is not GuruRMM's: {error}.") from error


async def say_hello(identity: Identity, machine: Machine, ca_file: str | None) -> HelloResponse:
    """Ask the server where to connect and whether to. Raises `HelloFailed`."""
    request = HelloRequest(
        agent_version=__version__,
        protocol_version=LATEST_PROTOCOL,
        os=machine.os,
        arch=machine.arch,
        agent_id=identity.agent_id,
    )
    try:
        status, body = await post_json(identity.server + _HELLO_PATH, msgspec.json.encode(request), ca_file=ca_file)
        if status != 200:
            raise HelloFailed(f"hello was answered with {_problem(status, body)}")
        return msgspec.json.decode(body, type=HelloResponse)
    except HttpError as error:
        raise HelloFailed(f"hello failed: {error}") from error
    except msgspec.MsgspecError as error:
        raise HelloFailed(f"hello was answered with something else: {error}") from error


def _problem(status: int, body: bytes) -> str:
    try:
        problem = msgspec.json.decode(body, type=_Problem)
    except msgspec.MsgspecError:
        return f"HTTP {status}"
    return problem.message or problem.code or f"HTTP {status}"
