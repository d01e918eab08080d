"""The inventory: hashes at connect, whole sections when asked, differences when something changed.

What the server was last told is on disk, one file for each section, so that a restart costs nothing on the wire and
the items need not stay in memory.
"""

import asyncio
import logging
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
from gururmm_wire.codec import inventory_hash
from gururmm_wire.v2.agent import InventoryDelta, InventoryHashes, InventorySection, Message
from gururmm_wire.v2.names import SECTIONS
from gururmm_wire.v2.server import InventoryWanted

from gururmm_agent.adapters.patience import Patience
from gururmm_agent.adapters.ports import Inventory, Items
from gururmm_agent.adapters.unavailable import unavailable
from gururmm_agent.files import write_atomically
from gururmm_agent.link.socket import Closed
from gururmm_agent.link.uplink import Uplink
from gururmm_agent.memory import give_back
from gururmm_agent.printable import printable, printable_in
from gururmm_agent.tasks.faults import Faults
from gururmm_agent.tasks.settings import LiveSettings

_log = logging.getLogger(__name__)

_CLOCK_SLACK_S: Final = 5
_ASK_S: Final = 90.0
"""What one collector has: its tools are given less, each."""
SECTION_BYTES: Final = 200 * 1024
_encode: Final = msgspec.msgpack.Encoder(order="deterministic").encode


class InventoryTask:
    """Owns the sections' files and when to look again.

    A section whose collector fails, or does not come back, keeps what it had and says so under `none`.
    """

    def __init__(
        self,
        directory: Path,
        inventory: Inventory,
        uplink: Uplink,
        settings: LiveSettings,
        group: asyncio.TaskGroup,
        *,
        faults: Faults,
    ) -> None:
        self._directory = directory
        self._inventory = inventory
        self._uplink = uplink
        self._settings = settings
        self._group = group
        self._changed = settings.changes()
        self._hashes: dict[str, bytes] = {}
        self._not_kept: dict[str, Items] = {}
        """What the disk did not take."""
        self._faults = faults
        self._patience = Patience(_ASK_S)
        self._looking = asyncio.Lock()
        self._busy = asyncio.Lock()
        self._looked_at: float | None = None
        for section in SECTIONS:
            items = self._load(section)
            if items is not None:
                self._hashes[section] = inventory_hash(items)

    async def connected(self) -> None:
        """Say what we have; then look, if the last look is too long ago (or was in another life)."""
        if self._hashes:
            self._send_hashes()
        if self._looked_at is None or time.monotonic() - self._looked_at > self._settings.current.inventory_s:
            await self._look()

    def wanted(self, message: InventoryWanted) -> None:
        """Send these sections whole, those that there are."""
        for name in set(message.sections).difference(SECTIONS):
            self._uplink.unknown.note("section", name)
        self._group.create_task(self._send_sections([name for name in message.sections if name in SECTIONS]))

    async def run(self) -> None:
        """Look again every `inventory_s`, for ever."""
        while True:
            try:
                async with asyncio.timeout(self._settings.current.inventory_s):
                    await self._changed.wait()
                self._changed.clear()
            except TimeoutError:
                if self._uplink.connected:
                    await self._look()

    async def look_at_network(self) -> None:
        """Look again at what changed by itself, if anything was ever looked at."""
        if self._looked_at is not None:
            await self._look(("network",))

    async def _look(self, sections: Sequence[str] = SECTIONS) -> None:
        """Collect sections in a thread and tell what is new or different."""
        async with self._looking:
            collected = await asyncio.to_thread(self._collect, sections)
            if sections == SECTIONS:
                self._looked_at = time.monotonic()
            async with self._busy:
                messages = await asyncio.to_thread(self._compare, collected)
                if any(message is None for message in messages):
                    self._send_hashes()
                for message in messages:
                    if message is not None:
                        self._uplink.send(message)
        give_back()

    def _collect(self, sections: Sequence[str]) -> dict[str, Items]:
        return {section: self._collect_one(section) for section in sections}

    def _collect_one(self, section: str) -> Items:
        before = self._load(section) or {}
        try:
            items = bounded(printable_in(self._patience.ask(section, partial(self._inventory.collect, section))))
        except Exception as error:  # noqa: BLE001 - whatever one collector does, the others go on
            why = printable(str(error)) or type(error).__name__
            if self._faults.begin("reading_failed", section, why):
                _log.error("the inventory's %s cannot be collected: %s", section, why, exc_info=True)
            return bounded({**before, "none": unavailable(why, section)})
        self._faults.end("reading_failed", section)
        return steady(before, items) if section == "system" else items

    def _compare(self, collected: dict[str, Items]) -> list[Message | None]:
        """The deltas to send; None stands for a section that the server cannot have a base for."""
        messages: list[Message | None] = []
        for section, items in collected.items():
            new_hash = inventory_hash(items)
            if new_hash == self._hashes.get(section):
                continue
            before = self._load(section)
            base = self._hashes.get(section)
            self._store(section, items)
            self._hashes[section] = new_hash
            messages.append(None if before is None or base is None else delta(section, base, before, new_hash, items))
        return messages

    def _send_hashes(self) -> None:
        self._uplink.send(InventoryHashes(dict(self._hashes)))

    async def _send_sections(self, sections: list[str]) -> None:
        if set(sections) - self._hashes.keys():
            async with self._looking:
                pass  # the first look is under way, and has them at its end
        async with self._busy:
            for section in sections:
                items = self._load(section)
                if items is None:
                    continue
                try:
                    await self._uplink.drain()
                except Closed:
                    return
                self._uplink.send(InventorySection(section, self._hashes[section], items))
        give_back()

    def _load(self, section: str) -> Items | None:
        if section in self._not_kept:
            return self._not_kept[section]
        try:
            return msgspec.msgpack.decode((self._directory / section).read_bytes(), type=dict[str, Any])
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError) as error:
            _log.warning("the kept inventory of %s is damaged and is made anew: %s", section, error)
            return None

    def _store(self, section: str, items: Items) -> None:
        try:
            write_atomically(self._directory / section, _encode(items))
        except OSError as error:
            _log.error("the inventory's %s is kept in memory only: %s", section, error)
            self._not_kept[section] = items
        else:
            self._not_kept.pop(section, None)


def bounded(items: Items) -> Items:
    """The items within a message's size and count: the last ones are left out, and `truncated` says so."""
    kept: Items = {}
    room = SECTION_BYTES
    for key, item in sorted(items.items(), key=lambda pair: pair[0] != "none"):  # why something is missing comes first
        room -= len(_encode(item)) + len(key) + 5
        if room < 0 or len(kept) >= 4999:
            kept["truncated"] = {"kept": len(kept), "total": len(items)}
            return kept
        kept[key[:256]] = item
    return kept


def steady(before: Items | None, after: Items) -> Items:
    """The system's items; a boot time that moved by seconds is the clock's correction, not another boot."""
    old, new = (before or {}).get("boot_time"), after.get("boot_time")
    if isinstance(old, int) and isinstance(new, int) and abs(old - new) <= _CLOCK_SLACK_S:
        return after | {"boot_time": old}
    return after


def delta(section: str, base_hash: bytes, before: Items, new_hash: bytes, after: Items) -> InventoryDelta:
    """What changed between two states of a section."""
    changed = {key: item for key, item in after.items() if key not in before or before[key] != item}
    removed = [key for key in before if key not in after]
    return InventoryDelta(section, base_hash, new_hash, changed, removed)
