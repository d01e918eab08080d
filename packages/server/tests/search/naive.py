"""What a query means, said a second time and simply: machine by machine, in Python."""

import ipaddress
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from gururmm_server.core.search.tree import All, Any, Free, Node, Not, Term
from gururmm_server.infra.paging import folded

UNITS = {
    "ram": {"kb": 2**10, "mb": 2**20, "gb": 2**30, "tb": 2**40},
    "uptime": {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800},
    "cores": {"": 1},
    "cpu": {"": 10, "%": 10},
    "memory": {"": 10, "%": 10},
    "disk": {"": 10, "%": 10},
}
TEXTS = {"name": "hostname", "user": "username", "serial": "serial", "client": "client", "site": "site"}
TEXTS |= {"model": "model", "processor": "processor", "arch": "arch"}
ALIASES = {"hostname": "name", "host": "name", "address": "ip", "agent": "version", "maker": "model"}


@dataclass(frozen=True)
class Machine:
    """All that is known of one."""

    hostname: str
    os_name: str
    os_family: str
    username: str
    serial: str
    client: str
    site: str
    model: str
    processor: str
    arch: str
    version: str
    addresses: tuple[str, ...]
    macs: tuple[str, ...]
    ram: int | None
    cores: int | None
    online: bool
    cpu: int | None
    memory: int | None
    disk: int | None
    uptime: int | None
    seen: datetime | None
    enrolled: datetime
    problems: tuple[str, ...]

    @property
    def known_by(self) -> str:
        words = (self.hostname, self.os_name, self.version, self.username, self.serial, self.client, self.site)
        return folded(" ".join([*words, *self.addresses, *self.macs, self.arch]))


def means(node: Node | None, machine: Machine, now: datetime) -> bool:
    """Tells whether a query means a machine."""
    match node:
        case None:
            return True
        case Free(text):
            return folded(text) in machine.known_by
        case Not(of):
            return not means(of, machine, now)
        case All(of):
            return all(means(each, machine, now) for each in of)
        case Any(of):
            return any(means(each, machine, now) for each in of)
        case Term():
            return fulfils(node, ALIASES.get(node.field, node.field), machine, now)


def fulfils(term: Term, field: str, machine: Machine, now: datetime) -> bool:
    said = term.value.text
    if field in TEXTS:
        return text_is(term, getattr(machine, TEXTS[field]))
    if field in UNITS:
        return number_is(term, getattr(machine, field), UNITS[field])
    match field:
        case "os":
            return text_is(term, machine.os_name) or text_is(term, machine.os_family)
        case "online":
            return machine.online == (said in ("true", "yes", "on", "1"))
        case "problem":
            return {"any": bool(machine.problems), "none": not machine.problems}.get(said, said in machine.problems)
        case "seen" | "enrolled":
            at: datetime | None = getattr(machine, field)
            return at is not None and ago_is(term, now - at)
        case "ip":
            return any(in_network(address, said) for address in machine.addresses)
        case "mac":
            digits = re.sub("[^0-9a-f]", "", said.lower())
            piece = ":".join(digits[place : place + 2] for place in range(0, len(digits), 2))
            return any(piece in mac for mac in machine.macs)
        case "version":
            return machine.version != "" and version_is(term, numbers(machine.version))
    raise AssertionError(field)


def text_is(term: Term, text: str) -> bool:
    return folded(term.value.text) == folded(text) if term.operator else folded(term.value.text) in folded(text)


def compared(operator: str, left: object, right: object) -> bool:
    signs = {"<": "__lt__", "<=": "__le__", ">": "__gt__", ">=": "__ge__"}
    return bool(getattr(left, signs[operator])(right))


def number_is(term: Term, have: int | None, units: dict[str, int]) -> bool:
    if have is None:
        return False
    low, last = amount(term.value.text, units)
    if term.upto is not None:
        return low <= have <= amount(term.upto.text, units)[0]
    if term.operator in ("", "="):
        return low - last / 2 <= have < low + last / 2
    return compared(term.operator, Fraction(have), low)


def amount(text: str, units: dict[str, int]) -> tuple[Fraction, Fraction]:
    """The amount, and how much one of its last digit is."""
    digits = re.match("[0-9.]+", text)
    assert digits is not None
    unit = units[text[digits.end() :].strip()]
    decimals = len(digits[0].partition(".")[2])
    return Fraction(digits[0]) * unit, Fraction(unit, 10**decimals)


def ago_is(term: Term, age: timedelta) -> bool:
    have = Fraction(age.total_seconds())
    first = amount(term.value.text, UNITS["uptime"])[0]
    if term.upto is not None:
        return first <= have <= amount(term.upto.text, UNITS["uptime"])[0]
    return compared(term.operator, have, first)


def in_network(address: str, said: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if "/" not in said and ":" not in said and said.count(".") < 3:
        return parsed.version == 4 and f"{address}.".startswith(f"{said.rstrip('.')}.")
    network = ipaddress.ip_network(said, strict=False)
    return parsed.version == network.version and parsed in network


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def version_is(term: Term, have: tuple[int, ...]) -> bool:
    """`1.2` stands for everything that begins with it."""
    said = numbers(term.value.text)
    begins = have[: len(said)] == said
    if term.upto is not None:
        last = numbers(term.upto.text)
        return have >= said and (have < last or have[: len(last)] == last)
    match term.operator:
        case "" | "=":
            return begins
        case "<=":
            return have < said or begins
        case ">":
            return have > said and not begins
        case _:
            return compared(term.operator, have, said)
