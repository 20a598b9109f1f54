"""Readings made ready for the ensemble: levels as they are, concentrations as logarithms, none counted twice.

A model that errs at a well errs alike at every reading of it. So the readings of one well and quantity
within a bin of time become their mean, and the model's own variance is counted as many times as there are
bins: together they then weigh as one well with that error, however often it was read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.water.grid import IntArray
from models.water.now import Reading
from models.water.refusal import refused
from twin.core.geometry import FloatArray, frozen

LEVEL = "level"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataKnobs:
    """Errors of the model beside those of the instruments, and how readings are joined.

    ``level_sd_m`` of the model at a well, ``conc_ln_sd`` of the logarithm of a concentration.
    ``floor_share``: of the limit, is added to a concentration before its logarithm is taken, so that what
    is far below the limit counts as clean. ``bin_s``: readings nearer in time are joined.
    """

    level_sd_m: float = 0.2
    conc_ln_sd: float = 1.0
    floor_share: float = 0.05
    bin_s: float = 30 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Data:
    """Readings as the update takes them.

    ``place`` (n,) index of the well, ``species`` (n,) index or -1 for a level, ``time_s`` (n,) of the model's
    clock, ``value`` and ``sd`` (n,) in metres or of the logarithm. ``floor_kg_m3`` per species.
    """

    place: IntArray
    species: IntArray
    time_s: FloatArray
    value: FloatArray
    sd: FloatArray
    floor_kg_m3: FloatArray

    @property
    def levels(self) -> IntArray:
        """Which data are levels."""
        return np.flatnonzero(self.species < 0)

    def seen(self, level_m: FloatArray, conc_kg_m3: FloatArray | None, rows: IntArray) -> FloatArray:
        """What a member shows of some data: ``level_m`` (places,), ``conc_kg_m3`` (species, places)."""
        found = level_m[self.place[rows]].astype(np.float64)
        chemical = self.species[rows] >= 0
        if conc_kg_m3 is not None and chemical.any():
            species = self.species[rows][chemical]
            conc = np.maximum(np.nan_to_num(conc_kg_m3[species, self.place[rows][chemical]]), 0.0)
            found[chemical] = np.log(conc + self.floor_kg_m3[species])
        return found


def data_of(
    readings: Sequence[Reading],
    *,
    places: Sequence[str],
    limits_kg_m3: Mapping[str, float],
    start_ms: int,
    knobs: DataKnobs,
) -> Data:
    """Readings joined in bins of time, in the order of time.

    Raises BadRequestError for a reading of an unknown place or species, one before the start, or one
    that is not finite.
    """
    species = list(limits_kg_m3)
    floor = np.array([knobs.floor_share * limits_kg_m3[name] for name in species])
    bins: dict[tuple[int, int, int], list[Reading]] = defaultdict(list)
    for row in readings:
        _check(row, places, species, start_ms)
        kind = -1 if row.quantity == LEVEL else species.index(row.quantity)
        at = int((row.time_ms - start_ms) / 1000.0 // knobs.bin_s)
        bins[(at, places.index(row.place), kind)].append(row)
    counts: dict[tuple[int, int], int] = defaultdict(int)
    for _, place, kind in bins:
        counts[(place, kind)] += 1
    keys = sorted(bins)
    rows = [_joined(bins[key], key[2], counts[key[1:]], floor, knobs) for key in keys]
    times = [np.mean([row.time_ms for row in bins[key]]) - start_ms for key in keys]
    return Data(
        place=np.array([key[1] for key in keys], dtype=np.int64),
        species=np.array([key[2] for key in keys], dtype=np.int64),
        time_s=frozen(np.asarray(times) / 1000.0),
        value=frozen([row[0] for row in rows]),
        sd=frozen([row[1] for row in rows]),
        floor_kg_m3=frozen(floor),
    )


def _joined(
    rows: Sequence[Reading], kind: int, count: int, floor: FloatArray, knobs: DataKnobs
) -> tuple[float, float]:
    values = np.array([row.value for row in rows])
    sds = np.array([row.sd for row in rows])
    if kind < 0:
        return float(values.mean()), float(np.sqrt(np.mean(sds**2) / len(rows) + count * knobs.level_sd_m**2))
    base = np.maximum(values, 0.0) + floor[kind]
    relative = float(np.mean((sds / base) ** 2)) / len(rows)
    return float(np.log(base).mean()), float(np.sqrt(relative + count * knobs.conc_ln_sd**2))


def _check(row: Reading, places: Sequence[str], species: Sequence[str], start_ms: int) -> None:
    if row.place not in places:
        raise refused(row.place, "place of a reading", f"one of {list(places)}", f"{list(places)} 之一")
    if row.quantity != LEVEL and row.quantity not in species:
        raise refused(row.quantity, f"quantity of a reading of {row.place}", f"{LEVEL} or one of {species}")
    if row.time_ms < start_ms:
        raise refused(row.time_ms, f"time_ms of a reading of {row.place}", f"{start_ms} or later")
    if not (np.isfinite(row.value) and np.isfinite(row.sd) and row.sd >= 0.0):
        value = (row.value, row.sd)
        raise refused(value, f"value and sd of a reading of {row.place}", "finite numbers", "有限数值")
