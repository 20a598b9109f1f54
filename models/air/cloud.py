"""Puffs of many sources at many moments, and what beams and maps read of them.

One march gives everything: every moment, every receptor, every substance that rides on the same air.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models.air.kernel import path_means
from models.air.paths import Pieces
from models.air.points import point_sums
from models.air.split import split_tracks
from models.air.streak import BoolArray, Cut, IntArray, Puffs, Runs, cut
from models.air.tracks import Fineness, Loss, Sources, Tracks, march
from models.contract import WindField
from twin.core.clock import Interval
from twin.core.geometry import Extent, FloatArray
from twin.core.release import Release

_STATES_MAX = 2_000_000  # nodes held at a time, 32 bytes each
_READ_MAX = 200_000  # nodes read for all moments at a time


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Emissions:
    """Distinct sources, their spans of emission, and which release was on in which cell.

    ``spans`` (n_cells, n_releases) is 1 where the release was on; a cell belongs to one source.
    """

    sources: Sources
    runs: Runs
    spans: FloatArray


def emissions_of(
    releases: Sequence[Release], window: Interval, sigma_start_m: float, roughness_m: float | None = None
) -> Emissions:
    """Releases as sources and spans; what was released outside the window is left out."""
    by_place: dict[tuple[float, float, float], list[int]] = {}
    for k, row in enumerate(releases):
        place = (row.place.x_m, row.place.y_m, max(row.height_m, 0.0))
        by_place.setdefault(place, []).append(k)
    places = sorted(by_place)
    known: dict[tuple[int, ...], int] = {}
    spans: list[tuple[int, int, float, float]] = []
    for source, place in enumerate(places):
        for releasing, start, end in _on(releases, by_place[place], window):
            spans.append((source, known.setdefault(releasing, len(known)), start, end))
    on = np.zeros((len(known), len(releases)))
    for which, cell in known.items():
        on[cell, list(which)] = 1.0
    columns = np.array(spans, dtype=np.float64).reshape(-1, 4).T
    x, y, height = np.array(places, dtype=np.float64).reshape(-1, 3).T
    return Emissions(
        sources=Sources(x_m=x, y_m=y, height_m=height, sigma_start_m=sigma_start_m, roughness_m=roughness_m),
        runs=Runs(
            source=columns[0].astype(np.intp),
            cell=columns[1].astype(np.intp),
            start_ms=columns[2],
            end_ms=columns[3],
        ),
        spans=on,
    )


def _on(
    releases: Sequence[Release], rows: Sequence[int], window: Interval
) -> list[tuple[tuple[int, ...], float, float]]:
    """Which of a source's releases were on together, from when to when; neighbours alike are one span."""
    bounds = {window.start_ms, window.end_ms}
    for k in rows:
        bounds |= {releases[k].interval.start_ms, releases[k].interval.end_ms}
    times = sorted(t for t in bounds if window.start_ms <= t <= window.end_ms)
    found: list[tuple[tuple[int, ...], float, float]] = []
    for start, end in zip(times[:-1], times[1:], strict=True):
        which = tuple(
            k for k in rows if releases[k].interval.start_ms <= start and releases[k].interval.end_ms >= end
        )
        if found and which == found[-1][0] and found[-1][2] == start:
            found[-1] = (which, found[-1][1], float(end))
        elif which:
            found.append((which, float(start), float(end)))
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Cloud:
    """Puffs of some sources at some moments.

    ``moments`` are the indices of the moments that were asked for, ``cut`` numbers those of this part from 0;
    ``lids_m`` (n_moments,) are the mixing heights; ``spans`` as in ``Emissions``.
    """

    moments: IntArray
    cut: Cut
    lids_m: FloatArray
    spans: FloatArray

    def mass_kg(self, rates_kg_s: FloatArray, loss: int | None = None) -> FloatArray:
        """Mass of every puff, (n,), at the releases' rates (n_releases,), after loss number ``loss``."""
        puffs = self.cut.puffs
        mass = puffs.emission_s * (self.spans @ rates_kg_s)[puffs.cell]
        return mass if loss is None else np.asarray(mass * puffs.share[loss])

    def means(self, pieces: Pieces, receptors: int) -> FloatArray:
        """What every release at 1 kg/s puts on every receptor at every moment, kg/m3.

        (max(n_losses, 1), n_moments, n_receptors, n_releases): one layer for every loss, a single
        one without loss where there are none.
        """
        puffs, cells = self.cut.puffs, self.spans.shape[0]
        weights = puffs.emission_s * (puffs.share if puffs.share.shape[0] else np.ones((1, 1)))
        group = self.cut.moment * cells + puffs.cell
        flat = np.all(pieces.along_m == 0.0, axis=1)
        shape = (weights.shape[0], self.moments.size, cells, receptors)
        total = self._paths(_pieces(pieces, ~flat), weights, group, shape)
        if flat.any():
            total += self._points(_pieces(pieces, flat), weights, group, shape)
        return np.asarray(total.transpose(0, 1, 3, 2) @ self.spans, dtype=np.float64)

    def _paths(
        self, pieces: Pieces, weights: FloatArray, group: IntArray, shape: tuple[int, int, int, int]
    ) -> FloatArray:
        seen = path_means(self.cut.puffs, pieces, self.lids_m[self.cut.moment])
        value = seen.mean_1_m3 * pieces.share[seen.piece]
        low, rise = pieces.start_m[:, 2], pieces.along_m[:, 2]
        low, rise = np.minimum(low, low + rise)[seen.piece], np.abs(rise)[seen.piece]
        room = self.lids_m[self.cut.moment[seen.puff]] - low
        value *= np.clip(room / np.maximum(rise, 1e-9), 0.0, 1.0)  # nothing above the lid
        slot = group[seen.puff] * shape[3] + pieces.receptor[seen.piece]
        rows = [
            np.bincount(slot, weights=value * row[seen.puff], minlength=shape[1] * shape[2] * shape[3])
            for row in weights
        ]
        return np.asarray(np.array(rows).reshape(shape), dtype=np.float64)

    def _points(
        self, pieces: Pieces, weights: FloatArray, group: IntArray, shape: tuple[int, int, int, int]
    ) -> FloatArray:
        order = np.argsort(group, kind="stable")
        puffs = selected(self.cut.puffs, order)
        lids = self.lids_m[self.cut.moment[order]]
        values = point_sums(puffs, pieces.start_m, lids, weights[:, order], group[order], shape[1] * shape[2])
        under = pieces.start_m[:, 2] <= np.repeat(self.lids_m, shape[2])[:, None]
        values = np.where(under, values, 0.0)
        first = np.flatnonzero(np.diff(pieces.receptor, prepend=-1))
        total = np.zeros((shape[0], shape[1] * shape[2], shape[3]))
        total[:, :, pieces.receptor[first]] = np.add.reduceat(values * pieces.share, first, axis=2)
        return total.reshape(shape)


def _pieces(pieces: Pieces, rows: BoolArray) -> Pieces:
    return Pieces(
        start_m=pieces.start_m[rows],
        along_m=pieces.along_m[rows],
        share=pieces.share[rows],
        receptor=pieces.receptor[rows],
    )


def selected(puffs: Puffs, rows: IntArray) -> Puffs:
    """Some of the puffs, in the order of ``rows``."""
    names = ("x_m", "y_m", "height_m", "sigma_h_m", "sigma_z_m", "emission_s")
    columns = {name: getattr(puffs, name)[rows] for name in names}
    return Puffs(
        **columns, cell=puffs.cell[rows], share=puffs.share[:, rows] if puffs.share.size else puffs.share
    )


def clouds(
    emissions: Emissions,
    wind: WindField,
    window: Interval,
    times_ms: FloatArray,
    keep: Extent,
    *,
    fineness: Fineness,
    losses: Sequence[Loss] = (),
) -> Iterator[Cloud]:
    """Clouds that together hold all sources at all moments, in parts that fit into memory.

    Quantities add up over the parts. Arguments as for ``models.air.tracks.march`` and
    ``models.air.streak.cut``.
    """
    sources, runs = emissions.sources, emissions.runs
    lids = np.array([wind.air(int(t)).mixing_height_m for t in times_ms])
    ages = window.length_s / fineness.longest_s + 6.0 / fineness.growth
    width = max(1, int(_STATES_MAX / ((window.length_s / fineness.step_s + 2.0) * ages)))
    for first in range(0, sources.x_m.size, width):
        here = slice(first, min(first + width, sources.x_m.size))
        some = Sources(
            x_m=sources.x_m[here],
            y_m=sources.y_m[here],
            height_m=sources.height_m[here],
            sigma_start_m=sources.sigma_start_m,
            roughness_m=sources.roughness_m,
        )
        mine = (runs.source >= here.start) & (runs.source < here.stop)
        spans = Runs(
            source=runs.source[mine] - first,
            cell=runs.cell[mine],
            start_ms=runs.start_ms[mine],
            end_ms=runs.end_ms[mine],
        )
        whole = march(some, wind, window, keep, fineness=fineness, losses=losses)
        parts: tuple[Tracks, ...] = (whole,)
        if math.isfinite(fineness.split_m):
            parts = split_tracks(whole, some, wind, window, fineness.split_m)
        for tracks in parts:
            depth = max(1, _READ_MAX // (tracks.x_m.shape[2] * tracks.ages_s.size))
            for low in range(0, times_ms.size, depth):
                moments = np.arange(low, min(low + depth, times_ms.size))
                yield Cloud(
                    moments=moments,
                    cut=cut(tracks, spans, some, times_ms[moments], fineness.spacing),
                    lids_m=lids[moments],
                    spans=emissions.spans,
                )


def joined(parts: Sequence[Cloud]) -> Puffs:
    """All puffs of parts, one after the other."""
    rows = [part.cut.puffs for part in parts]
    names = ("x_m", "y_m", "height_m", "sigma_h_m", "sigma_z_m", "emission_s")
    columns = {name: np.concatenate([getattr(row, name) for row in rows]) for name in names}
    return Puffs(
        **columns,
        cell=np.concatenate([row.cell for row in rows]),
        share=np.concatenate([row.share for row in rows], axis=1),
    )
