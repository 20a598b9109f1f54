"""What the ensemble keeps missing at wells that it never hears, learnt from its past in the result ledger.

A step is an hour: the level of the last now-cast in it (before anything learnt was added) beside what the
well said then. ``ENOUGH`` hours without a gap of more than ``GAP`` are needed; what is missing in between
keeps the last value. The learner is fitted anew once a day, and its figures are those of the last fifth
of the hours, which it has not seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from models.water.learn.residual import Learned, LearnKnobs, learn
from models.water.now import Nowcast, WellNow
from twin.core.errors import ServiceUnavailableError
from twin.core.geometry import FloatArray
from twin.live.settings import Settings
from twin.live.water_background import raised
from twin.live.water_frames import Learning, Measured
from twin.store.results import ResultReader
from twin.store.rows import WaterKind

HOUR_MS = 3_600_000
ENOUGH = 96
GAP = 3
_MOST = 720
_DAY_MS = 24 * HOUR_MS
_FRESH_S = 3_600.0
_ROWS = 200


@dataclass(slots=True, kw_only=True)
class Learner:
    """Misses by well and hour, and what was made of them."""

    knobs: LearnKnobs = field(default_factory=LearnKnobs)
    misses_m: dict[str, dict[int, float]] = field(default_factory=dict)
    learned: dict[str, Learned] = field(default_factory=dict)
    learned_ms: int | None = None

    def take(self, body: Mapping[str, Any], time_ms: int) -> None:
        """Remember what a now-cast missed; ``body`` of its row."""
        told = body.get("learning") or {}
        added = told.get("correction_m", {})
        for row in body.get("wells", ()):
            age_s, measured = row.get("age_s"), row.get("measured_level")
            if measured is None or age_s is None or age_s > _FRESH_S:
                continue
            hours = self.misses_m.setdefault(row["sensor"], {})
            level = row["level"]["median"] - added.get(row["sensor"], 0.0)
            hours[time_ms // HOUR_MS] = measured - level
            for old in sorted(hours)[:-_MOST]:
                del hours[old]

    def series_m(self, well: str, time_ms: int) -> FloatArray:
        """Misses (hours,) up to the last whole hour, back to the first long gap; gaps keep the last value."""
        hours = self.misses_m.get(well, {})
        last = time_ms // HOUR_MS - 1
        found: list[float] = []
        for hour in sorted((at for at in hours if at <= last), reverse=True):
            if last - hour > GAP:
                break
            found += [hours[hour]] * (last - hour + 1)
            last = hour - 1
        return np.asarray(found[::-1], dtype=np.float64)

    def said(
        self, now: Nowcast, measured: Mapping[str, Measured], held_out: Sequence[str]
    ) -> tuple[Nowcast, Learning | None, tuple[str, ...]]:
        """The now-cast joined with what was learnt, the figures, and notes; None without held-out wells."""
        if not held_out:
            return now, None, ()
        series = {name: self.series_m(name, now.time_ms) for name in held_out}
        self._learn(series, now.time_ms)
        added = {
            name: correction
            for name, row in self.learned.items()
            if row.kept and (correction := self._correction_m(row, series.get(name)))
        }
        learning = self._figures(now, measured, held_out, added)
        notes = [f"level of {name} joined with what was learned: {row:+.2f} m" for name, row in added.items()]
        if not self.learned:
            longest = max(row.size for row in series.values())
            notes.append(f"not enough history to learn from: {longest} of {ENOUGH} hours")
        wells = tuple(_lifted(row, added.get(row.name, 0.0)) for row in now.wells)
        return replace(now, wells=wells), learning, tuple(notes)

    def _learn(self, series: Mapping[str, FloatArray], time_ms: int) -> None:
        """Fit anew once a day what has enough of a past."""
        known = self.learned_ms is not None and 0 <= time_ms - self.learned_ms < _DAY_MS
        enough = {name: row for name, row in series.items() if row.size >= ENOUGH}
        if known and set(enough) <= set(self.learned):
            return
        self.learned = {name: learn(row, {}, knobs=self.knobs) for name, row in enough.items()}
        self.learned_ms = time_ms

    def _correction_m(self, row: Learned, series: FloatArray | None) -> float:
        if series is None or series.size < self.knobs.lags:
            return 0.0
        return row.correction_m(series, {})

    def _figures(
        self,
        now: Nowcast,
        measured: Mapping[str, Measured],
        held_out: Sequence[str],
        added: Mapping[str, float],
    ) -> Learning:
        """Of time that the learner has not seen; without a learner the misses of now, and nothing joined."""
        if self.learned:
            rows = list(self.learned.values())
            return Learning(
                rmse_darcy_m=_rms([row.rmse_darcy_m for row in rows]),
                rmse_joined_m=_rms([row.rmse_joined_m for row in rows]),
                kept=any(row.kept for row in rows),
                held_out=tuple(held_out),
                correction_m=added,
            )
        shown = {row.name: row.level_m.median for row in now.wells}
        misses = [
            level - shown[name]
            for name in held_out
            if name in shown and name in measured and (level := measured[name].level_m) is not None
        ]
        darcy = _rms(misses) if misses else None
        return Learning(rmse_darcy_m=darcy, rmse_joined_m=None, kept=False, held_out=tuple(held_out))


def learner_of(settings: Settings) -> Learner:
    """A learner that knows the now-casts of the result ledger's last month; of a new park an empty one."""
    found = Learner()
    reader = ResultReader(settings.results, settings.data_dir)
    try:
        newest = reader.newest_water(WaterKind.NOW_CAST)
        if newest is None:
            return found
        first = newest.time_ms - _MOST * HOUR_MS
        for start_ms in range(first, newest.time_ms + 1, _DAY_MS):  # bodies are large: a day at a time
            for row in reader.water_rows(WaterKind.NOW_CAST, start_ms, start_ms + _DAY_MS, _ROWS):
                found.take(row.body, row.time_ms)
    except ServiceUnavailableError:
        return found
    finally:
        reader.close()
    return found


def _lifted(row: WellNow, by_m: float) -> WellNow:
    return replace(row, level_m=raised(row.level_m, by_m)) if by_m else row


def _rms(values: Sequence[float]) -> float:
    return float(np.sqrt(np.mean(np.square(values))))
