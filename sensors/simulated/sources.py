"""Hidden sources: small leaks that come and go, and now and then a large release."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sensors.simulated.draws import Drift, FloatArray, stream
from twin.core.park import Park, ProcessUnit
from twin.core.release import Release

_LEAKS = 10
_ON_S = 4 * 3600.0
_OFF_S = 1.5 * 3600.0
_RAMP_MS = 60_000
_TAIL_MS = 180_000
# Rates in kg/s: (leak, event), chosen so that leaks stay under and events pass AEGL-1 on a beam.
_RATES = {
    "hf": (3e-5, 3e-2),
    "nh3": (3e-4, 6e-1),
    "so2": (1.5e-4, 3e-2),
    "hcl": (5e-5, 6e-2),
}
_OTHER_RATES = (1e-4, 5e-2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """A place that releases ``rate_kg_s`` (one entry per substance) at a moment."""

    unit_id: str
    x_m: float
    y_m: float
    above_m: float
    rate_kg_s: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """A large release with a short ramp and an exponential end."""

    unit: ProcessUnit
    substance: int
    start_ms: int
    end_ms: int
    peak_kg_s: float

    def rate_kg_s(self, time_ms: int) -> float:
        """Rate at a moment."""
        if not self.start_ms <= time_ms < self.end_ms + 3 * _TAIL_MS:
            return 0.0
        ramp = min(1.0, (time_ms - self.start_ms + _RAMP_MS / 4) / _RAMP_MS)
        tail = float(np.exp(-max(0, time_ms - self.end_ms) / _TAIL_MS))
        return self.peak_kg_s * ramp * tail


class Sources:
    """Everything that releases ``substances`` into the air of the park."""

    def __init__(
        self,
        park: Park,
        substances: tuple[str, ...],
        seed: int,
        event_every_h: float,
        releases: tuple[Release, ...] = (),
    ) -> None:
        self._substances = substances
        self._seed = seed
        self._block_ms = round(event_every_h * 3_600_000)
        self._pairs = tuple(
            (unit, substances.index(gas))
            for unit in park.units
            for gas in unit.substance_ids
            if gas in substances
        )
        self._releases = tuple(row for row in releases if row.substance_id in substances)
        self._draws = stream(seed, "sources")
        count = min(_LEAKS, len(self._pairs))
        self._leaks = [self._pairs[int(k)] for k in self._draws.permutation(len(self._pairs))[:count]]
        self._on = self._draws.random(count) < _ON_S / (_ON_S + _OFF_S)
        self._vary = Drift(self._draws, count, tau_s=1200.0, sd=0.5)

    def step(self, time_ms: int, dt_s: float) -> list[Outlet]:
        """Outlets that release something now."""
        self._switch(dt_s)
        outlets = []
        strength = np.exp(self._vary.step(dt_s))
        for k, (unit, gas) in enumerate(self._leaks):
            if self._on[k]:
                outlets.append(self._outlet(unit, gas, self._typical(gas)[0] * float(strength[k])))
        for event in self._events(time_ms):
            rate = event.rate_kg_s(time_ms)
            if rate > 0:
                outlets.append(self._outlet(event.unit, event.substance, rate))
        outlets += [self._scripted(row) for row in self._releases if _within(row, time_ms)]
        return outlets

    def _switch(self, dt_s: float) -> None:
        chance = np.where(self._on, dt_s / _ON_S, dt_s / _OFF_S)
        self._on = self._on ^ (self._draws.random(self._on.size) < chance)

    def _typical(self, gas: int) -> tuple[float, float]:
        return _RATES.get(self._substances[gas], _OTHER_RATES)

    def _events(self, time_ms: int) -> list[_Event]:
        """Events of this span of time and the one before; each depends on seed and span only."""
        if not self._pairs:
            return []
        block = time_ms // self._block_ms
        return [self._event(block - 1), self._event(block)]

    def _event(self, block: int) -> _Event:
        draws = stream(self._seed, "event", block)
        unit, gas = self._pairs[int(draws.integers(len(self._pairs)))]
        start_ms = round(block * self._block_ms + draws.uniform(0.05, 0.65) * self._block_ms)
        lasting_ms = min(self._block_ms // 3, round(draws.uniform(12, 35) * 60_000))
        peak = self._typical(gas)[1] * float(np.exp(0.4 * draws.standard_normal()))
        return _Event(
            unit=unit, substance=gas, start_ms=start_ms, end_ms=start_ms + lasting_ms, peak_kg_s=peak
        )

    def _outlet(self, unit: ProcessUnit, gas: int, rate_kg_s: float) -> Outlet:
        rates = np.zeros(len(self._substances))
        rates[gas] = rate_kg_s
        place = unit.place
        return Outlet(unit_id=unit.id, x_m=place.x_m, y_m=place.y_m, above_m=unit.height_m, rate_kg_s=rates)

    def _scripted(self, row: Release) -> Outlet:
        rates = np.zeros(len(self._substances))
        rates[self._substances.index(row.substance_id)] = row.rate_kg_s
        return Outlet(
            unit_id=row.unit_id or row.id,
            x_m=row.place.x_m,
            y_m=row.place.y_m,
            above_m=row.height_m,
            rate_kg_s=rates,
        )


def _within(row: Release, time_ms: int) -> bool:
    return row.interval.start_ms <= time_ms < row.interval.end_ms
