"""The temperatures section: which sensors there are and which sources were asked. Values travel in Metrics."""

from collections.abc import Iterable

from gururmm_agent.adapters.ports import Attempt, Items, TemperatureReading


def temperature_items(readings: Iterable[TemperatureReading], attempts: Iterable[Attempt]) -> Items:
    """Key `sources`, a key for each sensor, and key `none` when there is no sensor."""
    tried = [{"source": attempt.source, "result": attempt.result} for attempt in attempts]
    items: Items = {"sources": {"tried": tried}}
    for reading in readings:
        items[reading.label] = {"source": reading.source}
    if len(items) == 1:
        items["none"] = {"unavailable": "no sensor answered", "tried": [row["source"] for row in tried]}
    return items
