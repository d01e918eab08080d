"""Who a simulated machine is: drawn once from its number and its origin, the same at every start."""

import random
import uuid
from dataclasses import dataclass
from typing import Final

from gururmm_bench.simulator.catalogue import (
    FIRST_NAMES,
    LAST_NAMES,
    MODELS,
    PREFIXES,
    SYSTEMS,
    TIMEZONES,
    Model,
    OperatingSystem,
)

GIB: Final = 1024**3
DEFAULT_SEED: Final = "northwind"


@dataclass(frozen=True, slots=True)
class Origin:
    """What else than its number a machine is drawn from: settled once, whatever Sites come and go later."""

    seed: str
    prefix: str
    subnet: int


@dataclass(frozen=True, slots=True)
class Disk:
    """A mounted file system. `fullness` is the part in use around which it moves."""

    mount: str
    device: str
    fstype: str
    options: str
    total: int
    fullness: float


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface. `speed_mbps` 0 means that the link does not tell."""

    name: str
    mac: str
    addresses: tuple[str, ...]
    mtu: int
    speed_mbps: int


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything about a machine that does not change by the minute."""

    number: int
    kind: str
    hostname: str
    system: OperatingSystem
    model: Model
    serial: str
    machine_id: str
    architecture: str
    memory: int
    user: str
    timezone: str
    utc_offset_h: float
    disks: tuple[Disk, ...]
    interfaces: tuple[Interface, ...]
    gateway: str
    has_sensors: bool
    phase: float
    """0 to 1: what sets this machine's curves apart from the others'."""
    memory_level: float
    """The part of memory in use at rest."""
    boot_period_s: int
    restless: bool
    """A laptop that people close now and then."""

    @property
    def os(self) -> str:
        """linux, windows or macos."""
        return self.system.family


def make_profile(number: int, *, seed: str = DEFAULT_SEED, prefix: str = PREFIXES[0], subnet: int = 0) -> Profile:
    """The machine with this number. `prefix` begins its hostname; `subnet` (0 to 255) is its site's network."""
    rng = random.Random(f"{seed}:{number}")
    system = rng.choices(SYSTEMS, [item.weight for item in SYSTEMS])[0]
    model = rng.choice([item for item in MODELS if _fits(item, system)])
    host = 20 + number % 200
    network = f"10.{20 + subnet % 200}.{number // 200 % 250}"
    timezone, offset = TIMEZONES[subnet // 2 % len(TIMEZONES)]
    server = model.kind == "SRV"
    return Profile(
        number=number,
        kind=model.kind,
        hostname=f"{prefix}-{model.kind}-{number + 1:04d}",
        system=system,
        model=model,
        serial=_serial(rng, model),
        machine_id=uuid.UUID(int=rng.getrandbits(128), version=4).hex,
        architecture="arm64" if model.family == "mac" else "x86_64",
        memory=rng.choice(model.memory_gib) * GIB,
        user="" if server else f"{rng.choice(FIRST_NAMES)}.{rng.choice(LAST_NAMES)}",
        timezone=timezone,
        utc_offset_h=offset,
        disks=_disks(rng, system.family, server=server, nearly_full=number % 9 == 4),
        interfaces=_interfaces(rng, model, system.family, f"{network}.{host}/24"),
        gateway=f"{network}.1",
        has_sensors=model.family != "vm" and rng.random() < 0.8,
        phase=rng.random(),
        memory_level=0.965 if number % 19 == 11 else rng.uniform(0.28, 0.72),
        boot_period_s=rng.randint(9, 60) * 86400 if server else rng.randint(2, 14) * 86400,
        restless=model.kind == "LAP",
    )


def _fits(model: Model, system: OperatingSystem) -> bool:
    if system.family == "macos" or model.family == "mac":
        return system.family == "macos" and model.family == "mac"
    if "Server" in system.name:
        return model.kind == "SRV"
    if system.family == "windows":
        return model.kind != "SRV"
    return model.family != "mac"


def _serial(rng: random.Random, model: Model) -> str:
    if model.manufacturer == "VMware, Inc.":
        raw = rng.getrandbits(128).to_bytes(16, "big").hex(" ")
        return f"VMware-{raw[:23]}-{raw[24:]}"
    length = {"Apple Inc.": 10, "LENOVO": 8, "Dell Inc.": 7}.get(model.manufacturer, 10)
    return "".join(rng.choices("0123456789BCDFGHJKLMNPQRSTVWXYZ", k=length))


def _disks(rng: random.Random, family: str, *, server: bool, nearly_full: bool) -> tuple[Disk, ...]:
    system = rng.choice((238, 476, 953)) * GIB
    level = rng.uniform(0.22, 0.78)
    full = rng.uniform(0.92, 0.965)
    if family == "windows":
        disks = [Disk("C:\\", "\\\\?\\Volume{system}", "NTFS", "rw,fixed", system, level)]
        if server or rng.random() < 0.3:
            disks.append(Disk("D:\\", "\\\\?\\Volume{data}", "NTFS", "rw,fixed", system * 4, rng.uniform(0.3, 0.8)))
    elif family == "macos":
        data = "/System/Volumes/Data"
        disks = [
            Disk("/", "/dev/disk3s1s1", "apfs", "ro,sealed,local,journaled", system, 0.04),
            Disk(data, "/dev/disk3s5", "apfs", "rw,local,journaled,nobrowse", system, level),
        ]
    else:
        disks = [
            Disk("/", "/dev/mapper/vg0-root", "ext4", "rw,relatime,errors=remount-ro", system // 4, level),
            Disk("/boot", "/dev/nvme0n1p2", "ext4", "rw,relatime", GIB - 50_000_000, rng.uniform(0.2, 0.5)),
            Disk("/home", "/dev/mapper/vg0-home", "ext4", "rw,relatime", system // 2, rng.uniform(0.1, 0.7)),
        ]
        if server:
            disks.append(Disk("/srv", "/dev/md0", "xfs", "rw,relatime,noquota", system * 8, rng.uniform(0.4, 0.85)))
    if nearly_full:
        last = disks[-1]
        disks[-1] = Disk(last.mount, last.device, last.fstype, last.options, last.total, full)
    return tuple(disks)


def _interfaces(rng: random.Random, model: Model, family: str, address: str) -> tuple[Interface, ...]:
    wired = {"windows": "Ethernet", "macos": "en0", "linux": "eno1"}[family]
    wireless = {"windows": "Wi-Fi", "macos": "en1", "linux": "wlp2s0"}[family]
    main = Interface(wired, _mac(rng, model.oui), (address, _link_local(rng)), 1500, 1000)
    if model.kind == "SRV":
        idle = Interface("Ethernet 2" if family == "windows" else "eno2", _mac(rng, model.oui), (), 1500, 0)
        return (main, idle)
    if model.kind == "LAP":
        return (Interface(wireless, _mac(rng, model.oui), (address, _link_local(rng)), 1500, 866), _unplugged(main))
    return (main,)


def _unplugged(interface: Interface) -> Interface:
    return Interface(interface.name, interface.mac, (), interface.mtu, 0)


def _mac(rng: random.Random, oui: str) -> str:
    return ":".join([oui, *(f"{rng.randrange(256):02x}" for _ in range(3))])


def _link_local(rng: random.Random) -> str:
    return "fe80::" + ":".join(f"{rng.randrange(0x1000, 0x10000):x}" for _ in range(4)) + "/64"
