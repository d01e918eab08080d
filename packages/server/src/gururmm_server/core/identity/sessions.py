"""Sessions: how a sign-in goes on. One family of refresh tokens each, rotated at every use.

Owns the tokens' life: start, refresh, end, list. A refresh token that was rotated away and comes back ends the
session, because one of the two who hold it is not the person; within ten seconds it is two tabs of one browser. A
token that this server never made is refused and ends nothing: anybody can guess.

Going to another Partner is a new session of the same sign-in (its family): it takes the cookie, because an access token
may be in wrong hands for its five minutes, and never lasts longer than the sign-in would have.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from gururmm_server.core.access.permissions import Permissions, Role
from gururmm_server.core.access.subject import person as as_actor
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.factors import service as factors
from gururmm_server.core.identity import _repository as repository
from gururmm_server.core.identity import _rules_repository as rules
from gururmm_server.core.identity import _sessions_repository as sessions
from gururmm_server.core.identity._repository import Person, Place
from gururmm_server.core.identity._sessions_repository import SORTS, Family, SessionRow
from gururmm_server.core.identity.browsers import KnownBrowsers
from gururmm_server.core.identity.errors import CookieNeeded, NoPartner, SessionEnded
from gururmm_server.core.identity.principal import Principal
from gururmm_server.core.identity.revocation import Revocations
from gururmm_server.core.identity.schemas import Me, Membership, Session, SignedIn
from gururmm_server.core.identity.settings import LONGEST_HOURS, SESSION_HOURS
from gururmm_server.core.identity.tokens import ACCESS_SECONDS, AccessTokens, RefreshTokens
from gururmm_server.core.settings.reading import value_for, values_for
from gururmm_server.core.tenancy.settings import LABELS
from gururmm_server.infra.clock import now
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.errors import NotFound
from gururmm_server.infra.fair_queue import FairQueue
from gururmm_server.infra.ids import new_id
from gururmm_server.infra.logging import get_logger
from gururmm_server.infra.paging import Page, PageQuery

__all__ = ["ENTRY_SECONDS", "SESSION_SECONDS", "SORTS", "Device", "SessionKeeper", "Started", "token_hash"]

log = get_logger(__name__)

SESSION_SECONDS = 3600 * LONGEST_HOURS
"""How long a sign-in lasts at most; a Partner may set less."""
ENTRY_SECONDS = 3600
"""How long Platform staff stays in a Partner that it entered."""
ID_DIGITS = 32
"""With these a refresh token begins: its session."""


@dataclass(frozen=True, slots=True)
class Device:
    """Where a request came from, as shown in the list of sessions."""

    address: str
    user_agent: str
    browser: str = ""
    """The token by which it is known again, if it has one."""


@dataclass(frozen=True, slots=True)
class Started:
    """What a browser gets: the answer, and what goes into its cookies (None: keep the one you have)."""

    signed_in: SignedIn
    refresh_token: str | None
    browser_token: str | None = None


class SessionKeeper:
    """Starts, renews, lists and ends sessions."""

    def __init__(
        self,
        db: Database,
        *,
        tokens: AccessTokens,
        refresh_tokens: RefreshTokens,
        browsers: KnownBrowsers,
        revocations: Revocations,
        permissions: Permissions,
    ) -> None:
        self._db = db
        self._permissions = permissions
        self._tokens = tokens
        self._refresh_tokens = refresh_tokens
        self._browsers = browsers
        self._revocations = revocations
        self._turns = FairQueue(64, most=1000, most_each=16, share=1, limit_s=10)
        """By the session that is refreshed: each locks its row, and many at once would hold every connection."""

    async def start(
        self,
        tx: Transaction,
        person: Person,
        tenant_id: UUID | None,
        device: Device,
        *,
        entering: bool = False,
        before: SessionRow | None = None,
        by: str = "password",
    ) -> Started:
        """Begin a sign-in session in this Partner (None: on the Platform). Raises `NoPartner` for who has no place.

        `entering`: the caller has recorded why Platform staff goes in. `before`: whose sign-in goes on. `by`: what the
        person proved themselves with. The caller's transaction carries the audit row, so a session never exists
        without one.
        """
        session_id = new_id()
        refresh_token = self._refresh_tokens.issue(session_id)
        # Held: whoever takes the membership away meanwhile waits, sees this session, and ends it.
        place = await repository.place(tx, person.user_id, tenant_id, hold=True) if tenant_id else None
        if place is None and not (person.platform and (tenant_id is None or entering)):
            raise NoPartner
        proved_at = now() if before is None else before.proved_at
        principal = await self._principal(tx, person, session_id, tenant_id, place, proved_at=proved_at)
        address, agent = device.address[:64], device.user_agent[:300]
        lifetime = ENTRY_SECONDS if entering else 3600 * await value_for(tx, SESSION_HOURS, tenant_id)
        new = sessions.NewSession(
            session_id=session_id,
            user_id=principal.user_id,
            tenant_id=tenant_id,
            refresh_hash=token_hash(refresh_token),
            lifetime_s=lifetime,
            address=address,
            user_agent=agent,
            proved_at=proved_at,
            family=None if before is None else Family(before.family_id, before.family_expires_at),
        )
        await sessions.add_session(tx, new)
        if tenant_id is not None:
            details = {"address": address, "user_agent": agent} | ({"by": by} if before is None else {})
            await append(tx, "audit_log", AuditRow("session.started", principal.subject, details=details))
        signed_in = await self._signed_in(tx, principal, _name(person, place))
        return Started(signed_in, refresh_token, self._browsers.issue(person.user_id) if before is None else None)

    async def refresh(self, token: str, device: Device) -> Started:
        """Returns a new access token. Raises `SessionEnded`; a token that was used before ends the sign-in session."""
        async with self._turns.place(token[:ID_DIGITS].lower()), self._db.identity(reserve=True) as tx:
            session = await self._session(tx, token)
            if session.in_use:
                return await self._renew(tx, session, device)
            family = await sessions.open_of_family(tx, session.family_id)
        if not session.fresh or session.just_ended:
            raise SessionEnded
        if not (session.current or session.previous or self._refresh_tokens.genuine(token)):
            log.info("refresh token guessed", session_id=str(session.session_id), address=device.address)
            raise SessionEnded(internal="refresh token never issued")
        if family:
            log.warning("refresh token reused", session_id=str(session.session_id), address=device.address)
        details = {"reason": "refresh_token_reused", "address": device.address[:64]}
        for each in family:
            await self._end(each.session_id, session.user_id, each.tenant_id, details)
        raise SessionEnded(internal="refresh token reused")

    def knows(self, token: str) -> bool:
        """Tells whether this refresh token was given out, be it over: somebody signed in by this browser before."""
        return self._refresh_tokens.genuine(token)

    async def end_by_token(self, token: str) -> None:
        """Sign out by cookie. A token that means nothing is no error: the person is signed out."""
        try:
            async with self._db.identity(reserve=True) as tx:
                session = await self._session(tx, token)
        except SessionEnded:
            return
        if session.ended_at is None and (session.current or session.previous):
            await self._end(session.session_id, session.user_id, session.tenant_id)

    async def end(self, principal: Principal, session_id: UUID) -> None:
        """End one of the caller's own sessions. Raises `NotFound` for anybody else's."""
        async with self._db.identity() as tx:
            mine = await sessions.open_session(tx, principal.user_id, session_id)
        if mine is None:
            raise NotFound
        await self._end(session_id, principal.user_id, mine.tenant_id)

    async def end_all(self, principal: Principal) -> None:
        """End every sign-in session of the caller, everywhere, at once."""
        async with self._db.identity(principal.tenant_id, reserve=True) as tx:
            if principal.tenant_id is not None:
                await append(tx, "audit_log", AuditRow("sessions.ended_everywhere", principal.subject))
            ended = await sessions.end_sessions(tx, principal.user_id)
        await self._revocations.announce(ended)

    async def check_cookie(self, principal: Principal, token: str) -> None:
        """Raise `CookieNeeded` unless this is the refresh token in use of the caller's own session."""
        async with self._db.identity(reserve=True) as tx:
            await self._own(tx, principal, token)

    async def replace(
        self, principal: Principal, tenant_id: UUID | None, device: Device, token: str, *, entering: bool = False
    ) -> Started:
        """End the sign-in session and go on in this Partner (None: on the Platform), see `start`.

        `token` is from the session's cookie. Raises `CookieNeeded`.
        """
        async with self._db.identity(tenant_id, reserve=True) as tx:
            session = await self._own(tx, principal, token)
            person = await repository.person(tx, principal.user_id)
            if person is None or person.disabled_at is not None:
                raise SessionEnded(internal="account disabled")
            started = await self.start(tx, person, tenant_id, device, entering=entering, before=session)
            await sessions.end_session(tx, principal.session_id, principal.user_id)
        await self._revocations.announce([principal.session_id])
        return started

    async def proved(self, tx: Transaction, principal: Principal) -> SignedIn:
        """Returns a new access token for somebody who proved now that it is they. Raises `SessionEnded`."""
        moment = await sessions.prove(tx, principal.session_id)
        person = await repository.person(tx, principal.user_id)
        if moment is None or person is None:
            raise SessionEnded
        tenant_id = principal.tenant_id
        place = await repository.place(tx, person.user_id, tenant_id, hold=False) if tenant_id else None
        if place is None and not person.platform:
            raise NoPartner
        fresh = await self._principal(tx, person, principal.session_id, tenant_id, place, proved_at=moment)
        return await self._signed_in(tx, fresh, _name(person, place))

    async def list(self, principal: Principal, query: PageQuery) -> Page[Session]:
        """Returns a page of the caller's open sessions."""
        async with self._db.identity() as tx:
            found = await sessions.page_of_open(tx, principal.user_id, query)
        items = [
            Session(
                id=row.session_id,
                created_at=row.created_at,
                last_used_at=row.rotated_at,
                address=row.address,
                user_agent=row.user_agent,
                current=row.session_id == principal.session_id,
            )
            for row in found.items
        ]
        return Page[Session](items=items, next_cursor=found.next_cursor, total=found.total)

    async def me(self, principal: Principal) -> Me:
        """Returns who the caller is, here. Raises `SessionEnded` when the account is gone."""
        async with self._db.identity() as tx:
            person = await repository.person(tx, principal.user_id)
            if person is None:
                raise SessionEnded
            tenant_id = principal.tenant_id
            place = await repository.place(tx, person.user_id, tenant_id, hold=False) if tenant_id else None
            return await self._me(tx, principal, _name(person, place))

    async def _own(self, tx: Transaction, principal: Principal, token: str) -> SessionRow:
        """Returns the caller's session, locked, by the token of its cookie. Raises `CookieNeeded`."""
        try:
            session = await self._session(tx, token)
        except SessionEnded as error:
            raise CookieNeeded(internal=error.internal) from error
        if session.session_id != principal.session_id or not session.in_use:
            raise CookieNeeded
        return session

    async def _session(self, tx: Transaction, token: str) -> SessionRow:
        """Returns the sign-in session that a token names, locked, be it its token or not. Raises `SessionEnded`."""
        try:
            session_id = UUID(hex=token[:ID_DIGITS])
        except ValueError as error:
            raise SessionEnded(internal="not a refresh token") from error
        session = await sessions.session_of_token(tx, session_id, token_hash(token))
        if session is None:
            raise SessionEnded
        return session

    async def _renew(self, tx: Transaction, session: SessionRow, device: Device) -> Started:
        """Returns a new access token; and a new refresh token, except for a tab that came second."""
        person = await repository.person(tx, session.user_id)
        if person is None or person.disabled_at is not None:
            raise SessionEnded(internal="account disabled")
        tenant_id = session.tenant_id
        place = await repository.place(tx, person.user_id, tenant_id, hold=False) if tenant_id else None
        if place is None and not person.platform:
            raise NoPartner
        # Platform staff without a membership came by `enter`: the end of a membership ends the sessions it gave.
        principal = await self._principal(tx, person, session.session_id, tenant_id, place, proved_at=session.proved_at)
        fresh = self._refresh_tokens.issue(principal.session_id) if session.current else None
        if fresh is not None:
            await sessions.rotate(tx, principal.session_id, token_hash(fresh), device.address[:64])
        return Started(await self._signed_in(tx, principal, _name(person, place)), fresh)

    async def _end(
        self, session_id: UUID, user_id: UUID, tenant_id: UUID | None, details: dict[str, str] | None = None
    ) -> None:
        async with self._db.identity(tenant_id, reserve=True) as tx:
            ended = await sessions.end_session(tx, session_id, user_id)
            person = await repository.person(tx, user_id)
            if ended and person is not None and tenant_id is not None:
                who = as_actor(user_id, person.email)
                row = AuditRow("session.ended", who, details=details or {})
                await append(tx, "audit_log", row)
        await self._revocations.announce([session_id])

    async def _signed_in(self, tx: Transaction, principal: Principal, name: str) -> SignedIn:
        me = await self._me(tx, principal, name)
        return SignedIn(access_token=self._tokens.issue(principal), expires_in=ACCESS_SECONDS, me=me)

    async def _me(self, tx: Transaction, principal: Principal, name: str) -> Me:
        places = await repository.memberships(tx, principal.user_id)
        here = await repository.partner(tx, principal.tenant_id) if principal.tenant_id else None
        return Me(
            user_id=principal.user_id,
            email=principal.email,
            name=name,
            role=principal.role,
            tenant_id=principal.tenant_id,
            partner_name=here.name if here else None,
            client_id=principal.client_id,
            permissions=sorted(principal.permissions),
            needs_factor=principal.needs_factor,
            partners=[Membership(tenant_id=row.tenant_id, name=row.name, role=Role(row.role)) for row in places],
            labels=await values_for(tx, LABELS, principal.tenant_id),
        )

    async def _principal(
        self,
        tx: Transaction,
        person: Person,
        session_id: UUID,
        tenant_id: UUID | None,
        place: Place | None,
        *,
        proved_at: datetime,
    ) -> Principal:
        """Returns who somebody is there. Platform staff with a membership is a member: an invitation gives no more."""
        role = Role(place.role) if place else Role.PLATFORM_ADMIN
        needs_factor = (
            tenant_id is not None
            and await rules.asks_second_factor(tx, tenant_id)
            and not (await factors.held(tx, person.user_id)).any
        )
        return Principal(
            user_id=person.user_id,
            email=person.email,
            session_id=session_id,
            role=role,
            tenant_id=tenant_id,
            client_id=place.client_id if place else None,
            permissions=frozenset() if needs_factor else self._permissions.of(role, inside=tenant_id is not None),
            proved_at=int(proved_at.timestamp()),
            needs_factor=needs_factor,
        )


def _name(person: Person, place: Place | None) -> str:
    """Returns what the person is called where they are: by the Partner, or by the Platform for its own people."""
    return place.name if place else person.name


def token_hash(token: str) -> bytes:
    """Returns what is stored of a random token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
