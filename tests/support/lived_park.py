"""Hours of the hidden-truth park lived in memory: what was read, and what was true.

The simulator (``sensors.simulated``) shares no code with ``models``; here it is run as fast as it goes,
its readings become rows of a ledger in memory and its truth stays beside them for scoring.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from gis.terrain import Terrain
from sensors.simulated.engine import HiddenPark
from sensors.simulated.plan import SimulationPlan
from sensors.simulated.speech import Reading
from tests.support.air_park import MemoryRows
from twin.core.observation import Mark, Quality
from twin.core.park import Park
from twin.store.rows import RollupRow, Step, StoredValue

_MINUTE_MS = 60_000


class LivedRows(MemoryRows):
    """``MemoryRows`` that stays fast with a day of readings: times of a series rise, so they are bisected."""

    def __init__(self) -> None:
        super().__init__()
        self._times: dict[str, list[int]] = defaultdict(list)

    def add(self, key: str, time_ms: int, value: float | None, **named: object) -> None:
        """Store one value; times of a series must rise."""
        super().add(key, time_ms, value, **named)
        self._times[key].append(time_ms)

    def newest(self, at_ms: int | None = None) -> tuple[StoredValue, ...]:
        if at_ms is None:
            return tuple(rows[-1] for rows in self.values.values() if rows)
        last = ((rows, bisect_right(self._times[key], at_ms)) for key, rows in self.values.items())
        return tuple(rows[k - 1] for rows, k in last if k)

    def series(self, key: str, from_ms: int, to_ms: int) -> tuple[StoredValue, ...]:
        times = self._times[key]
        return tuple(self.values[key][bisect_left(times, from_ms) : bisect_left(times, to_ms)])

    def rollup(self, key: str, step: Step, from_ms: int, to_ms: int) -> tuple[RollupRow, ...]:
        buckets: dict[int, list[float]] = defaultdict(list)
        for row in self.series(key, from_ms // step.length_ms * step.length_ms, to_ms):
            if row.quality is Quality.GOOD and row.value is not None:
                buckets[row.time_ms // step.length_ms * step.length_ms].append(row.value)
        return tuple(
            RollupRow(
                series_key=key,
                step=step,
                start_ms=start,
                count=len(found),
                mean=sum(found) / len(found),
                low=min(found),
                high=max(found),
            )
            for start, found in sorted(buckets.items())
            if from_ms <= start < to_ms
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lived:
    """``rows`` as a ledger gives them. ``rates``: true kg/s by minute, substance and unit; ``beams``: true
    path means (times, kg/m3) of the dwells by sensor and substance."""

    rows: LivedRows
    rates: Mapping[int, Mapping[str, Mapping[str, float]]]
    beams: Mapping[tuple[str, str], tuple[np.ndarray, np.ndarray]]
    substances: tuple[str, ...]


class _Watched(HiddenPark):
    """A hidden park whose readings and truth are looked at before they become frames."""

    def __init__(self, plan: SimulationPlan) -> None:
        super().__init__(plan)
        self.seen: list[Reading] = []
        self.true_beams: dict[tuple[str, str], list[tuple[int, float]]] = defaultdict(list)

    def _readings(self) -> Iterator[Reading]:
        self.seen = list(super()._readings())
        yield from self.seen

    def _note_beam(self, reading: Reading, scan: object) -> None:
        for gas, value in zip(self.substances, scan.truth_kg_m3, strict=True):  # type: ignore[attr-defined]
            self.true_beams[reading.device.sensor_id, gas].append((self.time_ms, float(value)))

    def true_rates(self) -> dict[str, dict[str, float]]:
        """Rates (kg/s) of this moment by substance and unit."""
        found: dict[str, dict[str, float]] = {gas: {} for gas in self.substances}
        for outlet in self._outlets:
            for gas, rate in zip(self.substances, outlet.rate_kg_s, strict=True):
                if rate > 0.0:
                    found[gas][outlet.unit_id] = found[gas].get(outlet.unit_id, 0.0) + float(rate)
        return found


def live_hours(park: Park, terrain: Terrain, *, start_ms: int, hours: float, seed: int = 1) -> Lived:
    """Run the hidden-truth park for some hours, with its faults and an event about every hour."""
    passwords = {row.mn: "study" for row in park.devices}
    hidden = _Watched(
        SimulationPlan(
            park=park, ground=terrain, host="", port=1, passwords=passwords, start_ms=start_ms, seed=seed
        )
    )
    rows, rates = LivedRows(), {}
    while hidden.time_ms < start_ms + hours * 3_600_000:
        hidden.advance()
        for reading in hidden.seen:
            quality = Quality.GOOD if reading.mark is Mark.NORMAL else Quality.NOT_MEASURING
            for name, value in reading.values.items():
                rows.add(f"{reading.device.sensor_id}/{name}", reading.time_ms, float(value), quality=quality)
        if hidden.time_ms % _MINUTE_MS == 0:
            rates[hidden.time_ms] = hidden.true_rates()
    beams = {
        key: (np.array([t for t, _ in found], dtype=np.float64), np.array([v for _, v in found]))
        for key, found in hidden.true_beams.items()
    }
    return Lived(rows=rows, rates=rates, beams=beams, substances=hidden.substances)
