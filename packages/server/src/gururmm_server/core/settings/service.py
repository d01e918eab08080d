"""Settings as people see and change them, for the Platform, their Partner or a Site."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Self
from uuid import UUID

import msgspec

from gururmm_server.core.access.errors import Forbidden
from gururmm_server.core.access.scope import Scope
from gururmm_server.core.access.subject import Subject
from gururmm_server.core.audit.service import AuditRow, append
from gururmm_server.core.component import House
from gururmm_server.core.orders.signing import OrderSigner
from gururmm_server.core.post.service import Post
from gururmm_server.core.setting import Level, SetAt, Settings, resolve
from gururmm_server.core.setting import Setting as Declared
from gururmm_server.core.settings import _orders_repository as orders_repository
from gururmm_server.core.settings import _repository as repository
from gururmm_server.core.settings._repository import ShownRow
from gururmm_server.core.settings.declared import TOLD_KEYS
from gururmm_server.core.settings.events import SettingsChanged
from gururmm_server.core.settings.orders import settle
from gururmm_server.core.settings.reading import layers
from gururmm_server.core.settings.schemas import Changes, Setting, SettingsPage, Source, bounds_of
from gururmm_server.infra import outbox
from gururmm_server.infra.database import Database, Transaction

_SOURCES: Final[Mapping[Level | None, Source]] = {
    None: "default",
    Level.PLATFORM: "platform",
    Level.PARTNER: "partner",
    Level.SITE: "site",
}


class SiteAt(msgspec.Struct, frozen=True):
    """The Site that is meant, by whoever knows that it is there."""

    site_id: UUID
    name: str
    client_id: UUID


class SettingsService:
    """Shows and changes what is set. What agents are told reaches those that are online at once."""

    def __init__(self, db: Database, post: Post, signer: OrderSigner, settings: Settings) -> None:
        self._db = db
        self._post = post
        self._signer = signer
        self.declared = settings

    @classmethod
    def build(cls, house: House) -> Self:
        """Returns the process's service."""
        return cls(house.db, house.get(Post), house.get(OrderSigner), house.declared.settings)

    async def page(self, caller: Scope, site: SiteAt | None = None) -> SettingsPage:
        """Returns the settings of the caller's Partner, or of a Site of it."""
        async with self._db.scope(caller) as tx:
            return await self._page(tx, caller, site)

    async def change(self, caller: Scope, changes: Changes, site: SiteAt | None = None) -> SettingsPage:
        """Sets what is given, for the Partner or a Site of it.

        Raises `Forbidden` where the caller may not set something of it, or sees a part of the Partner only.
        """
        level = Level.PARTNER if site is None else Level.SITE
        if site is None and caller.client_ids is not None:
            raise Forbidden
        for key in changes:
            if not caller.subject.may(self.declared.get(key).permission):
                raise Forbidden(internal=f"{caller.subject.name} may not set {key}")
        async with self._db.scope(caller) as tx:
            await orders_repository.lock(tx, [caller.tenant_id], self._signer.key.key_id)
            site_id = site.site_id if site else None
            before, after = _news(changes, layers(await repository.page(tx, site_id)).get(level, {}))
            if after:
                await self._audit(tx, caller.subject, level, before=before, after=after, site=site)
                await repository.change(tx, site_id, after, caller.subject.name)
                if TOLD_KEYS & after.keys() and await settle(tx, self._signer, [caller.tenant_id]):
                    tx.after_commit(self._post.settings_changed, caller.tenant_id)
            return await self._page(tx, caller, site)

    async def platform_page(self, staff: Subject) -> SettingsPage:
        """Returns what is set for everybody."""
        async with self._db.platform(staff.name, "look at the settings of the Platform", reserve=True) as tx:
            rows = await repository.platform_page(tx)
        return self._shown(Level.PLATFORM, rows, lambda _: True)

    async def change_platform(self, staff: Subject, changes: Changes) -> SettingsPage:
        """Sets what is given for everybody. Every Partner's audit has it, and the worker signs what agents are told."""
        words = ", ".join(f"{key} = {'inherited' if value is None else value}" for key, value in changes.items())
        async with self._db.platform(staff.name, f"settings of the Platform: {words}"[:500]) as tx:
            await repository.lock_platform(tx)
            at_platform = layers(await repository.platform_page(tx)).get(Level.PLATFORM, {})
            before, after = _news(changes, at_platform)
            if after:
                await repository.change_platform(tx, after, staff.name)
                if TOLD_KEYS & after.keys():
                    await orders_repository.make_due(tx)
                for tenant_id in await repository.partners(tx):
                    await repository.enter(tx, tenant_id)
                    await self._audit(tx, staff, Level.PLATFORM, before=before, after=after, tenant_id=tenant_id)
            rows = await repository.platform_page(tx)
        return self._shown(Level.PLATFORM, rows, lambda _: True)

    async def _audit(
        self,
        tx: Transaction,
        actor: Subject,
        level: Level,
        *,
        before: Changes,
        after: Changes,
        site: SiteAt | None = None,
        tenant_id: UUID | None = None,
    ) -> None:
        """Writes down what is changed, for the audit and for the activity. No row, no change."""
        details: dict[str, Any] = {"level": level, "before": before, "after": after}
        details |= {"site_id": site.site_id, "site": site.name} if site else {}
        await append(tx, "audit_log", AuditRow("settings.changed", actor, details=details))
        event = SettingsChanged(
            actor=actor.name,
            level=level,
            titles=[self.declared.get(key).title for key in after],
            client_id=site.client_id if site else None,
            site_id=site.site_id if site else None,
            site_name=site.name if site else "",
        )
        tenant = tenant_id or tx.tenant_id
        assert tenant is not None
        await outbox.publish(tx, tenant, event)

    async def _page(self, tx: Transaction, caller: Scope, site: SiteAt | None) -> SettingsPage:
        level = Level.PARTNER if site is None else Level.SITE
        rows = await repository.page(tx, site.site_id if site else None)
        whole = site is not None or caller.client_ids is None
        return self._shown(level, rows, lambda setting: whole and caller.subject.may(setting.permission))

    def _shown(self, level: Level, rows: list[ShownRow], may: Callable[[Declared[Any]], bool]) -> SettingsPage:
        set_at = layers(rows)
        here = {row.key: row for row in rows if row.level is level}
        above: SetAt = {each: values for each, values in set_at.items() if each is not level}
        shown = [each for each in self.declared.all() if level in each.levels or level is Level.PARTNER]
        items = [
            _setting(each, set_at, above, here.get(each.key), level in each.levels and may(each)) for each in shown
        ]
        return SettingsPage(level=level, items=items)


def _news(changes: Changes, at_level: Mapping[str, int | str]) -> tuple[Changes, Changes]:
    """Returns of what is really changed the values before and after."""
    after = {key: value for key, value in changes.items() if at_level.get(key) != value}
    return {key: at_level.get(key) for key in after}, after


def _setting(setting: Declared[Any], set_at: SetAt, above: SetAt, here: ShownRow | None, settable: bool) -> Setting:
    holds, inherited = resolve(setting, set_at), resolve(setting, above)
    return Setting(
        key=setting.key,
        group=setting.group,
        title=setting.title,
        sentence=setting.sentence,
        **msgspec.structs.asdict(bounds_of(setting.kind)),
        default=setting.default,
        value=holds.value,
        source=_SOURCES[holds.source],
        own=here.value if here else None,
        inherited=inherited.value,
        inherited_from=_SOURCES[inherited.source],
        changed_at=here.changed_at if here else None,
        changed_by=here.changed_by if here else None,
        settable=settable,
        lowering_deletes=setting.lowering_deletes,
    )
