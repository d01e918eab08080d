"""The software list of a simulated machine: 60 to 300 packages, of which one is upgraded now and then."""

import random
from typing import Any, Final

from gururmm_bench.simulator.catalogue import (
    LINUX_LIBRARIES,
    LINUX_SOFTWARE,
    MAC_SOFTWARE,
    PACK_KINDS,
    PACK_WORDS,
    WINDOWS_SOFTWARE,
)
from gururmm_bench.simulator.profile import Profile

UPGRADE_EVERY_S: Final = 6 * 3600
_SOURCES: Final = {"debian": "dpkg", "ubuntu": "dpkg", "windows": "registry", "macos": "applications"}


def software(profile: Profile, at: float) -> dict[str, Any]:
    """Package name to version and source at this time."""
    rng = random.Random(f"software:{profile.machine_id}")
    names = _names(rng, profile)
    source = _SOURCES[profile.system.id]
    items = {name: {"version": _version(rng, profile.os), "source": source} for name in names}
    slot = int(at + profile.phase * UPGRADE_EVERY_S) // UPGRADE_EVERY_S
    for step in range(slot - 8, slot + 1):  # what the last two days brought
        lucky = random.Random(f"{profile.machine_id}:{step}")
        items[lucky.choice(names)]["version"] = _version(lucky, profile.os)
    return items


def _names(rng: random.Random, profile: Profile) -> list[str]:
    if profile.os == "linux":
        libraries = [f"lib{name}{rng.randint(0, 9)}" for name in LINUX_LIBRARIES]
        tools = rng.sample(LINUX_SOFTWARE, rng.randint(60, len(LINUX_SOFTWARE)))
        return sorted({*tools, *rng.sample(libraries, rng.randint(40, len(libraries)))})
    known = WINDOWS_SOFTWARE if profile.os == "windows" else MAC_SOFTWARE
    base = rng.sample(known, rng.randint(len(known) * 3 // 5, len(known)))
    packs = [f"{profile.model.manufacturer.title()} {word} {kind}" for word in PACK_WORDS for kind in PACK_KINDS]
    return sorted({*base, *rng.sample(packs, rng.randint(40, 120))})


def _version(rng: random.Random, family: str) -> str:
    if family == "linux":
        upstream = f"{rng.randint(0, 12)}.{rng.randint(0, 40)}.{rng.randint(0, 9)}"
        return f"{upstream}-{rng.randint(1, 6)}+deb12u{rng.randint(1, 5)}"
    return f"{rng.randint(1, 26)}.{rng.randint(0, 30)}.{rng.randint(0, 9999)}"
