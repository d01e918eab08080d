"""The machine itself: maker, model, firmware, processor, memory, graphics."""

from typing import Any, Final

from gururmm_agent.adapters.linux.proc import entries, read_text, try_read
from gururmm_agent.adapters.ports import Items
from gururmm_agent.adapters.unavailable import unavailable

_DMI: Final = (
    ("manufacturer", "sys_vendor"),
    ("model", "product_name"),
    ("serial", "product_serial"),
    ("bios_version", "bios_version"),
    ("board", "board_name"),
)
_DEVICE_TREE: Final = {"model": "model", "serial": "serial-number"}
_LEFT_BLANK: Final = ("to be filled by o.e.m.", "default string", "not specified", "none", "system serial number")


def hardware_items() -> Items:
    """The section's items."""
    items: Items = {key: _identity(key, file) for key, file in _DMI}
    items["cpu"] = _cpu()
    items["memory"] = {"total": int(read_text("/proc/meminfo").split()[1]) * 1024}
    items["gpus"] = _gpus()
    return items


def _identity(key: str, file: str) -> str | dict[str, Any]:
    tried = [f"/sys/class/dmi/id/{file}"]
    text = try_read(tried[0])
    if text is None and key in _DEVICE_TREE:
        tried.append(f"/proc/device-tree/{_DEVICE_TREE[key]}")
        text = (try_read(tried[1]) or "").strip("\0") or None
    if text is None:
        return unavailable("the firmware's tables are absent or not readable", *tried)
    if text.lower() in _LEFT_BLANK:
        return unavailable(f"the maker left it as {text!r}", *tried)
    return text


def _cpu() -> dict[str, Any]:
    blocks = [_fields(block) for block in read_text("/proc/cpuinfo").split("\n\n")]
    processors = [block for block in blocks if "processor" in block]
    cores = {(block.get("physical id", "0"), block["core id"]) for block in processors if "core id" in block}
    first = processors[0] if processors else {}
    model = first.get("model name") or next((block["Model"] for block in blocks if "Model" in block), None)
    return {
        "model": model or unavailable("the processor does not say", "/proc/cpuinfo"),
        "cores": len(cores) or len(processors),
        "threads": len(processors),
        "max_mhz": _max_mhz(),
    }


def _max_mhz() -> int | dict[str, Any]:
    path = "/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq"
    text = try_read(path)
    return int(text) // 1000 if text else unavailable("the processor's frequency is not controlled here", path)


def _fields(block: str) -> dict[str, str]:
    pairs = (line.split(":", 1) for line in block.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}


def _gpus() -> list[dict[str, Any]] | dict[str, Any]:
    found = []
    for device in entries("/sys/bus/pci/devices"):
        if (try_read(f"{device}/class") or "").startswith("0x03"):
            vendor, model = try_read(f"{device}/vendor") or "", try_read(f"{device}/device") or ""
            name = _pci_name(vendor[2:], model[2:])
            found.append({"name": name or f"PCI {vendor[2:]}:{model[2:]}", "address": device.name})
    return found or unavailable("no display controller", "/sys/bus/pci/devices")


def _pci_name(vendor: str, device: str) -> str | None:
    """The name from the system's own list of PCI ids, where one is installed."""
    for path in ("/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids"):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
                vendor_name = None
                for line in file:
                    if vendor_name is None:
                        if line.startswith(vendor + "  "):
                            vendor_name = line[6:].strip()
                    elif not line.startswith("\t"):
                        return vendor_name
                    elif line.startswith(f"\t{device}  "):
                        return f"{vendor_name} {line[7:].strip()}"
        except OSError:
            continue
    return None
