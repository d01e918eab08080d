"""Temperatures on Linux: hwmon, then thermal zones, then NVIDIA's library. Every source says what it found."""

from typing import Any

from gururmm_agent.adapters.linux.proc import entries, try_read
from gururmm_agent.adapters.ports import Attempt, TemperatureReading

_MAX = 64


class TemperatureSources:
    """The chain of sources. NVIDIA's library is opened once, on first use, and only where it is installed."""

    def __init__(self) -> None:
        self._nvidia: _Nvidia | None = None
        self._nvidia_absent = ""

    def read(self) -> tuple[list[TemperatureReading], list[Attempt]]:
        """See `ports.Readings.temperatures`. Thermal zones are left out where hwmon shows them too."""
        readings: list[TemperatureReading] = []
        attempts = []
        for source, found in (("hwmon", _hwmon()), ("thermal zones", _thermal_zones())):
            attempts.append(Attempt(source, f"{len(found)} sensors" if found else "no sensor"))
            if source == "hwmon" or not readings:
                readings += found
        cards, result = self._read_nvidia()
        attempts.append(Attempt("NVML", result))
        return (readings + cards)[:_MAX], attempts

    def _read_nvidia(self) -> tuple[list[TemperatureReading], str]:
        if self._nvidia_absent:
            return [], self._nvidia_absent
        try:
            if self._nvidia is None:
                self._nvidia = _Nvidia()
            readings = self._nvidia.read()
        except OSError as error:
            self._nvidia_absent = str(error)
            return [], self._nvidia_absent
        return readings, f"{len(readings)} sensors"


def _hwmon() -> list[TemperatureReading]:
    found = []
    for chip in entries("/sys/class/hwmon"):
        name = try_read(f"{chip}/name") or chip.name
        for path in entries(str(chip)):
            if path.name.startswith("temp") and path.name.endswith("_input"):
                label = try_read(f"{chip}/{path.name[:-6]}_label") or path.name[:-6]
                found += _reading(f"{name} {label}", "hwmon", try_read(str(path)))
    return _unique(found)


def _thermal_zones() -> list[TemperatureReading]:
    found = []
    for zone in entries("/sys/class/thermal"):
        if zone.name.startswith("thermal_zone"):
            found += _reading(try_read(f"{zone}/type") or zone.name, "thermal zones", try_read(f"{zone}/temp"))
    return _unique(found)


def _reading(label: str, source: str, millidegrees: str | None) -> list[TemperatureReading]:
    try:
        tenths = round(int(millidegrees or "") / 100)
    except ValueError:
        return []
    return [TemperatureReading(label, source, tenths)] if -2730 < tenths <= 20000 else []


def _unique(readings: list[TemperatureReading]) -> list[TemperatureReading]:
    """The same with numbered labels where a label comes twice (two identical disks)."""
    seen: dict[str, int] = {}
    result = []
    for reading in readings:
        count = seen[reading.label] = seen.get(reading.label, 0) + 1
        label = reading.label if count == 1 else f"{reading.label} #{count}"
        result.append(TemperatureReading(label, reading.source, reading.tenths))
    return result


class _Nvidia:
    """NVIDIA's management library through its documented C interface."""

    def __init__(self) -> None:
        import ctypes

        try:
            self._library: Any = ctypes.CDLL("libnvidia-ml.so.1")
        except OSError as error:
            raise OSError("libnvidia-ml is not present") from error
        self._ctypes = ctypes
        status = self._library.nvmlInit_v2()
        if status != 0:
            raise OSError(f"nvmlInit answered {status}")

    def read(self) -> list[TemperatureReading]:
        """One reading for each GPU. Raises `OSError`."""
        ctypes = self._ctypes
        count = ctypes.c_uint()
        if (status := self._library.nvmlDeviceGetCount_v2(ctypes.byref(count))) != 0:
            raise OSError(f"nvmlDeviceGetCount answered {status}")
        found = []
        for index in range(count.value):
            device = ctypes.c_void_p()
            name = ctypes.create_string_buffer(96)
            celsius = ctypes.c_uint()
            library = self._library
            if (
                library.nvmlDeviceGetHandleByIndex_v2(index, ctypes.byref(device)) == 0
                and library.nvmlDeviceGetName(device, name, 96) == 0
                and library.nvmlDeviceGetTemperature(device, 0, ctypes.byref(celsius)) == 0
            ):
                label = name.value.decode("utf-8", "backslashreplace")
                found.append(TemperatureReading(label, "NVML", celsius.value * 10))
        return _unique(found)
