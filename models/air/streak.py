"""Streaklines cut into Gaussian puffs.

At a moment the streakline of a source is read from its tracks (``models.air.tracks``) and cut where it has
become ``1.5`` standard deviations longer, so that sums of Gaussians stay smooth to 3e-4: short puffs at
the source, long ones far away, about fifty for a plume of kilometres. A puff sits in the middle of its
piece, measured in standard deviations, and carries exactly what was emitted along it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from models.air.tracks import Sources, Tracks
from twin.core.geometry import FloatArray

__all__ = ["Cut", "IntArray", "Puffs", "Runs", "Sources", "cut"]

IntArray = npt.NDArray[np.intp]

BoolArray = npt.NDArray[np.bool_]

SPACING = 1.5
# A sum over puffs is an integral by the midpoint rule, which errs where the streakline begins: there the
# first puff is shorter by ``_FINE``, and the next grow by ``_GRADE`` of their distance (in full spacings).
_FINE, _GRADE = 0.1, 0.2
_GRADED = (1.0 - _FINE) / _GRADE


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Puffs:
    """Gaussian puffs, arrays (n,): centre, standard deviations, seconds of emission, cell of origin.

    ``share`` (n_losses, n) is what deposition, wash-out and decay have left of the mass; without rows
    nothing was lost.
    """

    x_m: FloatArray
    y_m: FloatArray
    height_m: FloatArray
    sigma_h_m: FloatArray
    sigma_z_m: FloatArray
    emission_s: FloatArray
    cell: IntArray
    share: FloatArray = field(default_factory=lambda: np.zeros((0, 0)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Runs:
    """Spans of emission, arrays (n,): index of the source, number of the cell, start and end."""

    source: IntArray
    cell: IntArray
    start_ms: FloatArray
    end_ms: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cut:
    """Puffs of several moments one after the other; ``moment`` (n,) is the index of each one's time."""

    puffs: Puffs
    moment: IntArray


def cut(tracks: Tracks, runs: Runs, sources: Sources, times_ms: FloatArray, spacing: float = SPACING) -> Cut:
    """Puffs at the given times (n,), in their order; runs that begin later give none."""
    line = _Line.of(tracks, times_ms)
    width = tracks.x_m.shape[2]
    parent = np.arange(width) if tracks.parent is None else tracks.parent
    weight = np.ones(width) if tracks.weight is None else tracks.weight
    runs, column = _of_parts(runs, parent) if tracks.parent is not None else (runs, runs.source)
    moment, run, ages = _spans(runs, times_ms, float(tracks.ages_s[0]), float(tracks.ages_s[-1]))
    row = moment * width + column[run]
    low, high = line.length_at(row, ages[0]), line.length_at(row, ages[1])
    young = ages[0] == 0.0
    rank = _rank(high - low, young, spacing)
    count = np.maximum(np.ceil(rank), 1.0).astype(np.intp)
    owner = np.repeat(np.arange(run.size), 2 * count + 1)
    place = np.arange(owner.size) - np.repeat(np.cumsum(2 * count + 1) - 2 * count - 1, 2 * count + 1)
    part = place / (2.0 * count[owner])
    target = low[owner] + _of_rank(rank[owner] * part, young[owner], spacing)
    age = np.clip(line.age_at(row[owner], target), ages[0][owner], ages[1][owner])
    age = np.where(place == 0, ages[0][owner], np.where(place == 2 * count[owner], ages[1][owner], age))
    middle = np.flatnonzero(place % 2)
    owner = owner[middle]
    x, y, log_h, log_z, share = line.state_at(row[owner], age[middle])
    puffs = Puffs(
        x_m=x,
        y_m=y,
        height_m=sources.height_m[parent[column[run[owner]]]],
        sigma_h_m=np.exp(log_h),
        sigma_z_m=np.exp(log_z),
        emission_s=(age[middle + 1] - age[middle - 1]) * weight[column[run[owner]]],
        cell=runs.cell[run[owner]],
        share=share,
    )
    return Cut(puffs=puffs, moment=moment[owner])


def _rank(length: FloatArray, young: BoolArray, spacing: float) -> FloatArray:
    """Number of puffs along a length; those at the source are shorter."""
    scaled = length / spacing
    graded = np.minimum(scaled, _GRADED)
    fine = np.log1p(_GRADE / _FINE * graded) / _GRADE
    return np.asarray(np.where(young, fine + scaled - graded, scaled))


def _of_rank(rank: FloatArray, young: BoolArray, spacing: float) -> FloatArray:
    """Length at which so many puffs end; the inverse of ``_rank``."""
    most = math.log1p(_GRADE / _FINE * _GRADED) / _GRADE
    fine = _FINE / _GRADE * np.expm1(_GRADE * np.minimum(rank, most))
    return np.asarray(spacing * np.where(young, fine + np.maximum(rank - most, 0.0), rank))


def _of_parts(runs: Runs, parent: IntArray) -> tuple[Runs, IntArray]:
    """The runs once for every part of their source, and the part's column."""
    row, column = np.nonzero(runs.source[:, None] == parent)
    repeated = Runs(
        source=runs.source[row], cell=runs.cell[row], start_ms=runs.start_ms[row], end_ms=runs.end_ms[row]
    )
    return repeated, column


def _spans(
    runs: Runs, times_ms: FloatArray, youngest_s: float, oldest_s: float
) -> tuple[IntArray, IntArray, tuple[FloatArray, FloatArray]]:
    """Moment, run, and youngest and oldest age of every run that has begun and is not gone."""
    low = np.maximum((times_ms[:, None] - runs.end_ms) / 1000.0, youngest_s)
    high = np.minimum((times_ms[:, None] - runs.start_ms) / 1000.0, oldest_s)
    moment, run = np.nonzero(high > low)
    return moment, run, (low[moment, run], high[moment, run])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Line:
    """Streaklines of all sources at all moments, flat: row ``moment * n_sources + source`` has n_ages nodes.

    ``length`` is the length in standard deviations from the source to a node, ``offset`` what makes the
    lengths of all rows one rising sequence, ``ratio`` the log of the ratio of a segment's spreads.
    """

    ages_s: FloatArray
    columns: tuple[FloatArray, ...]
    log_share: FloatArray
    length: FloatArray
    ratio: FloatArray
    offset: FloatArray

    @staticmethod
    def of(tracks: Tracks, times_ms: FloatArray) -> _Line:
        ages, (count, width) = tracks.ages_s, tracks.x_m.shape[1:]
        place = (times_ms[:, None] - 1000.0 * ages - tracks.first_ms) / tracks.step_ms
        place = np.clip(place, 0.0, count - 1.0)
        node = np.minimum(place.astype(np.intp), max(count - 2, 0))
        part = (place - node)[..., None]
        after = np.minimum(node + 1, count - 1)
        age = np.arange(ages.size)[None]

        def read(table: FloatArray) -> FloatArray:
            """(n_ages, n_emissions, n_sources) as (n_moments * n_sources, n_ages)."""
            here = table[age, node]
            value = here + part * (table[age, after] - here)
            return np.asarray(value.transpose(0, 2, 1).reshape(-1, ages.size))

        columns = tuple(map(read, (tracks.x_m, tracks.y_m, tracks.log_sigma_h, tracks.log_sigma_z)))
        length, ratio = _optical_length(*columns[:3])
        total = np.concatenate([np.zeros((length.shape[0], 1)), np.cumsum(length, axis=1)], axis=1)
        rows = times_ms.size * width
        losses = [read(table) for table in tracks.log_share]
        return _Line(
            ages_s=ages,
            columns=columns,
            log_share=np.array(losses).reshape(len(losses), rows, ages.size),
            length=total,
            ratio=ratio,
            offset=np.concatenate([[0.0], np.cumsum(total[:-1, -1] + 1.0)]),
        )

    def length_at(self, row: IntArray, age_s: FloatArray) -> FloatArray:
        """Length from the source to an age."""
        segment = np.clip(np.searchsorted(self.ages_s, age_s, side="right") - 1, 0, self.ages_s.size - 2)
        part = (age_s - self.ages_s[segment]) / (self.ages_s[segment + 1] - self.ages_s[segment])
        log = self.ratio[row, segment]
        curved = np.abs(log) > 1e-6
        safe = np.where(curved, log, 1.0)
        part = np.where(curved, np.log1p(part * np.expm1(safe)) / safe, part)
        start = self.length[row, segment]
        return np.asarray(start + part * (self.length[row, segment + 1] - start))

    def age_at(self, row: IntArray, length: FloatArray) -> FloatArray:
        """Age at a length from the source; the inverse of ``length_at``."""
        nodes = self.ages_s.size
        flat = (self.length + self.offset[:, None]).ravel()
        found = np.searchsorted(flat, length + self.offset[row], side="right") - 1 - row * nodes
        segment = np.clip(found, 0, nodes - 2)
        start = self.length[row, segment]
        span = np.maximum(self.length[row, segment + 1] - start, 1e-12)
        part = np.clip((length - start) / span, 0.0, 1.0)
        # Sigma runs geometrically with length, so age does not run linearly.
        log = self.ratio[row, segment]
        curved = np.abs(log) > 1e-6
        safe = np.where(curved, log, 1.0)
        part = np.where(curved, np.expm1(part * safe) / np.expm1(safe), part)
        return np.asarray(self.ages_s[segment] + part * (self.ages_s[segment + 1] - self.ages_s[segment]))

    def state_at(
        self, row: IntArray, age_s: FloatArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]:
        """x, y, log of the spreads, and share left, by cubics through the four nearest ages."""
        nodes = self.ages_s.size
        segment = np.searchsorted(self.ages_s, age_s, side="right") - 1
        first = np.clip(segment - 1, 0, nodes - 4)
        weights = _cubic(self.ages_s, first, age_s)
        index = row * nodes + first
        x, y, log_h, log_z = (
            sum(weight * column.ravel()[index + k] for k, weight in enumerate(weights))
            for column in self.columns
        )
        left = [
            sum(weight * table.ravel()[index + k] for k, weight in enumerate(weights))
            for table in self.log_share
        ]
        share = np.exp(np.minimum(np.array(left).reshape(len(left), row.size), 0.0))
        return np.asarray(x), np.asarray(y), np.asarray(log_h), np.asarray(log_z), share


def _cubic(knots: FloatArray, first: IntArray, value: FloatArray) -> list[FloatArray]:
    """Lagrange weights of the knots ``first`` to ``first + 3``."""
    away = [value - knots[first + k] for k in range(4)]
    weights = []
    for k in range(4):
        weight = np.ones_like(value)
        for m in range(4):
            if m != k:
                weight *= away[m] / (knots[first + k] - knots[first + m])
        weights.append(weight)
    return weights


def _optical_length(x: FloatArray, y: FloatArray, log_sigma: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Length of every segment in standard deviations, growth counted three times; log of their ratio."""
    sigma, ratio = np.exp(log_sigma), np.diff(log_sigma, axis=1)
    change = np.diff(sigma, axis=1)
    flat = np.abs(ratio) < 1e-6
    per_metre = np.where(flat, 1.0 / sigma[:, 1:], ratio / np.where(flat, 1.0, change))
    return (np.hypot(np.diff(x, axis=1), np.diff(y, axis=1)) + 3.0 * np.abs(change)) * per_metre, ratio
