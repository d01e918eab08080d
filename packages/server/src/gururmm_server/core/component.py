"""The one shape of a component, and the house in which a process builds what its components do.

Every folder of core that is a component exports one `COMPONENT`; `bootstrap` folds the list of them, whatever the kind
of process. What a component *declares* is data: its tables, permissions, settings, kinds of event and kinds of live
message. What it *does* is built from a `House` by functions that import late, so that a gateway never loads the REST
frame.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeVar
from uuid import UUID

from gururmm_server.core.access.audience import Audience
from gururmm_server.core.access.permissions import Permission, Permissions
from gururmm_server.core.access.subject import Subject
from gururmm_server.core.search.fields import Fields, SearchField
from gururmm_server.core.setting import Setting, Settings
from gururmm_server.infra.database import Database, Transaction
from gururmm_server.infra.nats import Bus
from gururmm_server.settings import ProcessSettings

if TYPE_CHECKING:
    from fastapi import APIRouter

Given = TypeVar("Given")


class EventKind(Protocol):
    """The class of an event (`core.events.event.Event`)."""

    name: ClassVar[str]
    version: ClassVar[int]
    audience: ClassVar[Audience | None]

    def sentence(self) -> str:
        """Returns what the activity feed says of such an event."""
        ...

    def subject_id(self) -> UUID | None:
        """Returns the id of the command, the tech session or whatever else it tells of."""
        ...


class LiveKind(Protocol):
    """The class of a live message (`core.post.live.LiveItem`)."""

    kind: ClassVar[str]
    audience: ClassVar[Audience | None]
    of_machines: ClassVar[bool]
    """Gateways may say it: it tells what a machine does."""

    @property
    def client_id(self) -> bytes | None: ...
    def for_whom(self) -> Audience | None:
        """Returns who may receive this message; None: nobody."""
        ...

    def weight(self) -> int:
        """Returns about how many bytes the message takes on the bus."""
        ...

    def shown(self) -> dict[str, Any]:
        """Returns the message as a browser gets it."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """Work that workers do every so often."""

    name: str
    every_s: float
    work: Callable[[], Awaitable[object]]
    alone: bool = True
    """Skipped while another worker does it."""


@dataclass(frozen=True, slots=True)
class Consumer:
    """A durable reader of events that all workers share: what one of them did not take comes again, to any."""

    name: str
    subject: str
    take: Callable[[Sequence[bytes]], Awaitable[object]]
    """Gets envelopes as they are on the bus; may get one twice."""


@dataclass(frozen=True, slots=True)
class Ended:
    """What is to be said, once it is committed, of things that ended with a machine."""

    to_machine: list[bytes] = field(default_factory=list)
    """Encoded messages."""
    to_others: list[tuple[str, bytes]] = field(default_factory=list)
    """Subject and payload, to processes of the component's own."""
    to_dashboards: list[LiveKind] = field(default_factory=list)


class Ending(Protocol):
    """Ends what one component has going on at a machine: its audit rows and events are in the caller's transaction."""

    async def __call__(self, tx: Transaction, agent_id: UUID, actor: Subject) -> Ended: ...


class Hold(Protocol):
    """Says what one component still has of a Client that somebody wants to delete."""

    async def __call__(self, tx: Transaction, client_id: UUID) -> str | None:
        """Returns what that is and what to do about it (`contacts. Remove them first.`); None where it is nothing."""
        ...


class Service(Protocol):
    """A class whose one instance in a process is built from the house."""

    @classmethod
    def build(cls, house: "House") -> Self:
        """Returns the instance, from what the house has and from services of this component and of those below."""
        ...


ServiceT = TypeVar("ServiceT", bound=Service)


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """All that the rest of the product may know of one of its parts."""

    name: str
    """The folder's."""
    tables: tuple[str, ...] = ()
    """In schema core: its own, and of no other component, whose SQL never names them (`tools/lint/owned_tables.py`)."""
    offers: tuple[str, ...] = ()
    """Views and functions in schema core that the SQL of others may name."""
    permissions: tuple[Permission, ...] = ()
    settings: tuple[Setting[Any], ...] = ()
    """What may be set that this component goes by."""
    events: tuple[type[EventKind], ...] = ()
    live: tuple[type[LiveKind], ...] = ()
    search_fields: tuple[SearchField, ...] = ()
    """By what of its own machines can be searched."""
    routes: "Callable[[House], APIRouter] | None" = None
    """Mounted under /api/v1 by an api."""
    jobs: "Callable[[House], Sequence[Job]] | None" = None
    """Done by workers, by the clock."""
    consumers: "Callable[[House], Sequence[Consumer]] | None" = None
    """Run by workers."""
    endings: "Callable[[House], Sequence[Ending]] | None" = None
    """What ends when a machine is removed, in the order of the components."""
    holds: "Callable[[House], Sequence[Hold]] | None" = None
    """What keeps a Client from being deleted, beside its Sites."""


class Declared:
    """Everything that a list of components declares, together."""

    def __init__(self, components: Sequence[Component]) -> None:
        """Collects it.

        Raises `ValueError` where two declare one name, or an audience or a setting asks what nobody declares.
        """
        self.permissions = Permissions(each for component in components for each in component.permissions)
        self.settings = Settings(each for component in components for each in component.settings)
        self.events = tuple(each for component in components for each in component.events)
        self.live = tuple(each for component in components for each in component.live)
        self.search_fields = Fields(each for component in components for each in component.search_fields)
        _check_once("component", (component.name for component in components))
        _check_once("table", (name for component in components for name in (*component.tables, *component.offers)))
        _check_once("event", (each.name for each in self.events))
        _check_once("live message", (each.kind for each in self.live))
        known = {permission.name for permission in self.permissions.all()}
        told: list[type[EventKind | LiveKind]] = [*self.events, *self.live]
        for each in told:
            if each.audience is not None and each.audience.permission not in known:
                raise ValueError(f"{each.__name__} is for who has {each.audience.permission}, which nobody declares")
        for setting in self.settings.all():
            if setting.permission.name not in known:
                raise ValueError(f"{setting.key} is set by who has {setting.permission.name}, which nobody declares")


def _check_once(what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"the {what} {name} is declared twice")
        seen.add(name)


class House:
    """What one process is made of: its settings, its database and bus, and one service of each type it needs.

    A service is built when it is first asked for, so a process holds only what it uses.
    """

    def __init__(self, components: Sequence[Component], settings: ProcessSettings, db: Database, bus: Bus) -> None:
        self.components = tuple(components)
        self.declared = Declared(self.components)
        self.settings = settings
        self.db = db
        self.bus = bus
        self._given: dict[type, Any] = {}
        self._services: dict[type, Any] = {}
        self._starts: list[Callable[[], Awaitable[None]]] = []
        self._ends: list[Callable[[], Awaitable[None]]] = []

    def give(self, thing: object) -> None:
        """Puts in what only this kind of process has: a key, its own name. There is one of a type."""
        self._given[type(thing)] = thing

    def given(self, kind: type[Given]) -> Given:
        """Returns what was put in. Raises `LookupError` where this kind of process does not have it."""
        try:
            found: Given = self._given[kind]
        except KeyError:
            raise LookupError(f"this process was given no {kind.__name__}") from None
        return found

    def get(self, kind: type[ServiceT]) -> ServiceT:
        """Returns the process's service of this type."""
        if kind not in self._services:
            self._services[kind] = kind.build(self)
        found: ServiceT = self._services[kind]
        return found

    def endings(self) -> tuple[Ending, ...]:
        """Returns what ends when a machine is removed."""
        return tuple(each for component in self.components if component.endings for each in component.endings(self))

    def holds(self) -> tuple[Hold, ...]:
        """Returns what keeps a Client from being deleted."""
        return tuple(each for component in self.components if component.holds for each in component.holds(self))

    def jobs(self) -> list[Job]:
        """Returns what workers do by the clock."""
        return [each for component in self.components if component.jobs for each in component.jobs(self)]

    def consumers(self) -> list[Consumer]:
        """Returns the readers of events that workers run."""
        return [each for component in self.components if component.consumers for each in component.consumers(self)]

    def routers(self) -> "list[APIRouter]":
        """Returns what an api serves under /api/v1."""
        return [component.routes(self) for component in self.components if component.routes]

    def at_start(self, start: Callable[[], Awaitable[None]]) -> None:
        """Notes what a service does before the process serves."""
        self._starts.append(start)

    def at_end(self, end: Callable[[], Awaitable[None]]) -> None:
        """Notes what a service does when the process stops: before those services end that it was built from."""
        self._ends.append(end)

    async def open(self) -> None:
        """Starts the services that were built, those first that others were built from. Raises what they raise."""
        for start in self._starts:
            await start()

    async def close(self) -> None:
        """Ends the services that were built."""
        for end in reversed(self._ends):
            await end()
