"""Orders: which of them this agent follows. Nothing is run, opened or changed that a pinned order key did not sign."""

import logging
import time
from array import array
from bisect import bisect_left, insort
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from gururmm_wire import orders
from gururmm_wire.codec import MalformedMessage
from gururmm_wire.v2.agent import Message
from gururmm_wire.v2.limits import ORDER_KEYS, ORDER_SECONDS, ORDER_WINDOW
from gururmm_wire.v2.names import UNKNOWN_KIND
from gururmm_wire.v2.server import KeyChange, Order
from nacl.bindings import crypto_sign_open
from nacl.exceptions import CryptoError

from gururmm_agent.files import write_atomically
from gururmm_agent.records import Appender, pack_record, read_records
from gururmm_agent.state import Identity

_log = logging.getLogger(__name__)

_CHANNEL_S: Final = 86_400.0
"""So long a channel that was opened is remembered: many times as long as the order to open one lives."""
_FILE_BYTES: Final = 1024 * 1024
"""The file of what was followed is tidied when it is larger; at most 350 KB of it are needed."""
_SLACK_S: Final = 3600
"""By how much a clock may be behind the signer's before an order seems to live longer than any may."""


class Refused(Exception):
    """An order that is not followed. `body` is what it says of itself, where that could be read."""

    def __init__(self, code: str, words: str, body: orders.Body | None, message: Message | None = None) -> None:
        super().__init__(words)
        self.code = code
        self.body = body
        self.message = message
        """What it asks for; only of an order that one of our keys signed."""


class Genuine(msgspec.Struct, frozen=True):
    """An order for this agent that one of its keys signed. Whether it comes in time is another question."""

    body: orders.Body
    message: Message


class Orders:
    """The pinned order keys, and the counters of what was followed. Both outlive the process."""

    def __init__(
        self,
        directory: Path,
        identity: Identity,
        keep: Callable[[Identity], None],
        server_now: Callable[[], float],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._identity = identity
        self._keep = keep
        self._own_now = now
        self._server_now = server_now
        self._keys = {orders.key_id(key): key for key in map(bytes.fromhex, identity.order_keys)}
        self._window = _Window(directory / "followed")

    def check(self, order: Order) -> Genuine:
        """Returns what an order says, once a pinned key has vouched for every byte of it. Raises `Refused`."""
        self._check_signature(order)
        try:
            body, message = orders.read(order)
        except orders.UnknownKind as error:
            raise Refused(UNKNOWN_KIND, f"this agent is too old: {error}", _body_of(order)) from error
        except MalformedMessage as error:
            raise Refused("malformed", f"what was signed is no order: {error}", _body_of(order)) from error
        if body.addressee not in self._addressees(body.kind):
            raise Refused("other_addressee", "the order is meant for another machine", body)
        return Genuine(body, message)

    def check_once(self, order: Genuine) -> None:
        """Raises `Refused` where it is too late for an order, or where it was followed before."""
        self._check_deadline(order)
        if self._window.is_below(order.body.counter):
            raise Refused("behind", "newer orders than this one were followed long ago", order.body, order.message)
        if order.body.counter in self._window:
            raise Refused("repeated", "it was followed before", order.body, order.message)

    def check_settings(self, order: Genuine) -> None:
        """Raises `Refused` where newer settings were followed before. The same ones come at every connection."""
        if order.body.counter < self._window.settings:
            raise Refused("behind", "newer settings were followed before", order.body, order.message)
        self._check_deadline(order)

    def check_identity(self, order: Genuine) -> None:
        """Raises `Refused` where an order was meant for who this machine was before its enrolment."""
        if order.body.counter <= self._identity.orders_after:
            raise Refused("behind", "this machine was enrolled anew after it was signed", order.body, order.message)

    def check_channel(self, order: Genuine, session_id: bytes, channel: int) -> None:
        """Raises `Refused` where this channel was open and has ended: an order held back must not open it anew."""
        if self._window.was_open(session_id + channel.to_bytes(4, "big")):
            raise Refused("repeated", "the channel was open before and has ended", order.body, order.message)

    def opened(self, session_id: bytes, channel: int) -> None:
        """Remember that this channel was opened, so that it is not opened again once it has ended."""
        self._window.note_open(session_id + channel.to_bytes(4, "big"), self._own_now())

    def close(self) -> None:
        """Let go of the file. Nothing is followed from then on."""
        self._window.close()

    def followed(self, order: Genuine) -> None:
        """Remember that this was done, so that it is not done again."""
        self._window.add(order.body.counter)

    def followed_settings(self, order: Genuine) -> None:
        """Remember which settings are the newest."""
        self._window.note_settings(order.body.counter)

    def change_keys(self, change: KeyChange) -> None:
        """Pin another key and forget the retired ones. The same again changes nothing, so it needs no last moment."""
        known = dict(self._keys)
        known.setdefault(orders.key_id(change.public_key), change.public_key)
        for key_id in change.retired:
            if key_id != orders.key_id(change.public_key):
                known.pop(key_id, None)
        kept = list(known.items())[-ORDER_KEYS:]
        if kept == list(self._keys.items()):
            return
        self._keys = dict(kept)
        self._identity.order_keys = [key.hex() for _, key in kept]
        _log.info("orders are now signed by the keys %s", ", ".join(key_id.hex() for key_id, _ in kept))
        try:
            self._keep(self._identity)
        except OSError as error:
            _log.error("the change of the order key could not be kept; the server will say it again: %s", error)

    def _check_signature(self, order: Order) -> None:
        if not self._keys:
            words = "this agent pinned no order key when it was enrolled; enrol it again with a site code"
            raise Refused("no_key", words, _body_of(order))
        key = self._keys.get(order.key_id)
        if key is None:
            raise Refused("unknown_key", "it is signed by a key that this agent did not pin", _body_of(order))
        try:
            crypto_sign_open(order.signature + orders.signed_bytes(order.body), key)
        except CryptoError as error:
            raise Refused("forged", "its signature does not fit", _body_of(order)) from error

    def _addressees(self, kind: str) -> tuple[bytes, ...]:
        if kind == "settings":
            return self._identity.agent_id_bytes, self._identity.tenant_id_bytes
        if kind == "key_change":
            return (orders.EVERY_AGENT,)
        return (self._identity.agent_id_bytes,)

    def _check_deadline(self, order: Genuine) -> None:
        """The later of both clocks counts: whoever carries an order may hold it back, and may lie about the time."""
        now = max(self._own_now(), self._server_now())
        if now > order.body.not_after:
            words = f"its deadline had passed {int(now - order.body.not_after)} s before{self._ahead()}"
            raise Refused("expired", words, order.body, order.message)
        if order.body.not_after > now + ORDER_SECONDS + _SLACK_S:
            words = "its deadline lies further ahead than an order's may"
            raise Refused("too_far_ahead", words, order.body, order.message)

    def _ahead(self) -> str:
        ahead = int(self._own_now() - self._server_now())
        return f"; this machine's clock is {ahead} s ahead of the server's" if ahead > 1 else ""


def _body_of(order: Order) -> orders.Body | None:
    try:
        return orders.read_body(order)
    except MalformedMessage:
        return None


class _Window:
    """The highest counters of orders that were followed, on disk. A file that cannot be written costs no order."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._counters = array("Q")
        self._channels: dict[bytes, float] = {}
        self.settings = 0
        for kind, what, *more in read_records(path):
            if kind == "s":
                self.settings = max(self.settings, what)
            elif kind == "f":
                self._insert(what)
            elif kind == "c":
                self._channels[what] = more[0]
        self._file = self._compact()

    def __contains__(self, counter: int) -> bool:
        place = bisect_left(self._counters, counter)
        return place < len(self._counters) and self._counters[place] == counter

    def is_below(self, counter: int) -> bool:
        """Returns whether a counter is older than all that there is room for."""
        return len(self._counters) >= ORDER_WINDOW and counter < self._counters[0]

    def add(self, counter: int) -> None:
        """Remember a counter."""
        if counter not in self:
            self._insert(counter)
            self._write(("f", counter))

    def note_settings(self, counter: int) -> None:
        """Remember the counter of settings that apply."""
        if counter > self.settings:
            self.settings = counter
            self._write(("s", counter))

    def was_open(self, key: bytes) -> bool:
        """Returns whether a channel was opened in the last day."""
        return key in self._channels

    def note_open(self, key: bytes, now: float) -> None:
        """Remember a channel."""
        if key in self._channels:
            return
        self._channels = {known: at for known, at in self._channels.items() if abs(now - at) < _CHANNEL_S}
        while len(self._channels) >= ORDER_WINDOW:
            del self._channels[next(iter(self._channels))]
        self._channels[key] = now
        self._write(("c", key, now))

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _insert(self, counter: int) -> None:
        insort(self._counters, counter)
        del self._counters[:-ORDER_WINDOW]

    def _write(self, record: tuple[object, ...]) -> None:
        try:
            self._file.append(record)
            if self._file.size > _FILE_BYTES:
                self._file.close()
                self._file = self._compact()
        except OSError as error:
            _log.error("the counters of orders are kept in memory only: %s", error)

    def _compact(self) -> Appender:
        records: list[tuple[object, ...]] = [("s", self.settings)]
        records += [("f", counter) for counter in self._counters]
        records += [("c", key, at) for key, at in self._channels.items()]
        try:
            write_atomically(self._path, b"".join(map(pack_record, records)))
        except OSError as error:
            _log.error("the counters of orders could not be tidied: %s", error)
        return Appender(self._path)
