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
from gururmm_agent.link.route import Route
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


class Enrolled(msgspec.Struct, frozen=True):
    """Who the agent is after an enrolment, and what the server said about that, for people."""

    identity: Identity
    message: str


async def enrol(
    state: StateDirectory,
    machine: Machine,
    server: str,
    site_code: str,
    route: Route,
    *,
    insecure_http: bool = False,
    own_key: bool = False,
) -> Enrolled:
    """Register this machine's own key with a site code. One that is enrolled already asks whether that is still so.

    It keeps its key, unless that is another machine's too and it is to have its `own_key`, and gets the server's keys
    of today. Raises `EnrolmentRefused` (wrong code, other server), `NeedsTls` and `ServerUnreachable`.
    """
    server = server.rstrip("/")
    known = _known(state, server)
    if plain_beyond_loopback(server) and not insecure_http:
        raise NeedsTls(
            f"{server} does without TLS: whoever is on the way could answer in its place and take this machine "
            "over; use the server's https:// address, or accept that with --insecure-http."
        )
    seed = state.pending_key() if known is None or own_key else bytes.fromhex(known.private_key)
    enrolled = await register(seed, machine, server, site_code, route, was=known)
    if known is None or not _is_same(known, enrolled.identity):
        state.write_identity(enrolled.identity)
    return enrolled


async def ensure_enrolled(
    state: StateDirectory,
    machine: Machine,
    server: str,
    site_code: str,
    route: Route,
    *,
    insecure_http: bool = False,
) -> Identity:
    """Returns the identity for this server, by enrolling where there is none. Raises as `enrol` does.

    One from before there were order keys is completed, unless another server answers at that address by now.
    """
    server = server.rstrip("/")
    known = _known(state, server)
    if known is None:
        return (await enrol(state, machine, server, site_code, route, insecure_http=insecure_http)).identity
    if known.order_keys:
        return known
    try:
        seed = bytes.fromhex(known.private_key)
        identity = (await register(seed, machine, server, site_code, route, was=known)).identity
    except AgentError as error:
        _log.warning("the order key could not be fetched: %s", error)
        return known
    if not _is_same_server(known, identity):
        _log.error("%s answers as another server than the one this machine was enrolled with", server)
        return known
    state.write_identity(identity)
    return identity


def _known(state: StateDirectory, server: str) -> Identity | None:
    known = state.read_identity()
    if known is not None and known.server != server:
        raise EnrolmentRefused(
            f"This machine is already enrolled with {known.server}; remove {state.path} to enrol it elsewhere."
        )
    return known


async def register(
    seed: bytes, machine: Machine, server: str, site_code: str, route: Route, *, was: Identity | None = None
) -> Enrolled:
    """Register the key of this seed; `was` is who it was here so far. Raises as `enrol` does, and writes nothing."""
    answer = await _ask_to_enrol(seed, machine, server, site_code, route, was=was)
    identity = Identity(
        server=server,
        agent_id=answer.agent_id,
        private_key=seed.hex(),
        server_public_key=answer.server_public_key,
        gateway=answer.gateway_url,
        order_keys=[answer.order_public_key] if answer.order_public_key else [],
        tenant_id=answer.tenant_id,
        orders_after=answer.orders_after,
    )
    if not _is_whole(identity):
        raise ServerUnreachable(f"{server} answered the enrolment with an id or key of the wrong length.")
    if refusal := refusal_of(server, answer.gateway_url):
        raise NeedsTls(f"{refusal}.")
    return Enrolled(identity, "".join(each for each in answer.message if each.isprintable())[:1000])


def _is_same(known: Identity, identity: Identity) -> bool:
    """Whether nothing changed that an enrolment decides. It may know more order keys than the one that signs."""
    return (
        _is_same_server(known, identity)
        and identity.orders_after in (0, known.orders_after)
        and set(identity.order_keys) <= set(known.order_keys)
    )


def _is_same_server(known: Identity, identity: Identity) -> bool:
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
    seed: bytes, machine: Machine, server: str, site_code: str, route: Route, *, was: Identity | None
) -> EnrolResponse:
    public_key = crypto_sign_seed_keypair(seed)[0].hex()
    signed = enrolment_bytes(site_code, public_key, machine.hostname)
    request = EnrolRequest(
        site_code=site_code,
        public_key=public_key,
        signature=sign(seed, signed).hex(),
        hostname=machine.hostname,
        machine_id=machine.machine_id,
        agent_version=__version__,
        protocol_version=LATEST_PROTOCOL,
        os=machine.os,
        arch=machine.arch,
        agent_id=was.agent_id if was else "",
        agent_signature=sign(bytes.fromhex(was.private_key), signed).hex() if was else "",
    )
    try:
        status, body = await post_json(server + _ENROL_PATH, msgspec.json.encode(request), route)
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


async def say_hello(identity: Identity, machine: Machine, route: Route) -> HelloResponse:
    """Ask the server where to connect and whether to. Raises `HelloFailed`."""
    request = HelloRequest(
        agent_version=__version__,
        protocol_version=LATEST_PROTOCOL,
        os=machine.os,
        arch=machine.arch,
        agent_id=identity.agent_id,
    )
    try:
        status, body = await post_json(identity.server + _HELLO_PATH, msgspec.json.encode(request), route)
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
