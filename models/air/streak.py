"""Streaklines: where the gas of a continuous source is, and how it is cut into Gaussian puffs.

Nodes leave every source at common times and drift with the wind; the mass between two nodes is the
rate times the time between them, exactly. At a moment the streakline is cut where it has become
``1.5`` standard deviations longer (so sums of Gaussians stay smooth to 3e-4), which gives short
puffs at the source and long ones far away: about fifty for a plume of kilometres.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.air.growth import grow_sideways, grow_upwards, transport_height
from models.contract import WindField
from twin.core.geometry import Extent, FloatArray

IntArray = npt.NDArray[np.intp]

_SPACING = 1.5
_YOUNG_STEPS = 2  # a new node meets a strong shear, so its first step is halved
_FAR_M = 1000.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sources:
    """Places (n,) in the local frame, heights of release above ground (n,), spread of a puff at birth."""

    x_m: FloatArray
    y_m: FloatArray
    height_m: FloatArray
    sigma_start_m: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Streak:
    """Nodes of all streaklines at one moment, arrays (n_nodes, n_sources), oldest first.

    ``first`` is the index of the first node among ``times_ms`` of the march, ``emitted_ms``
    (n_nodes,) when each left its source.
    """

    first: int
    emitted_ms: FloatArray
    x_m: FloatArray
    y_m: FloatArray
    sigma_h_m: FloatArray
    sigma_z_m: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Puffs:
    """Gaussian puffs, arrays (n,): centre, standard deviations, seconds of emission, cell of origin."""

    x_m: FloatArray
    y_m: FloatArray
    height_m: FloatArray
    sigma_h_m: FloatArray
    sigma_z_m: FloatArray
    emission_s: FloatArray
    cell: IntArray


def march(
    sources: Sources, wind: WindField, times_ms: FloatArray, wanted: Collection[int], keep: Extent
) -> Iterator[Streak]:
    """Streaks at the wanted indices of ``times_ms`` (rising). Yields views: use before going on.

    Old nodes that have all gone more than a kilometre beyond ``keep`` are dropped.
    """
    shape = (times_ms.size, sources.x_m.size)
    state = [np.empty(shape) for _ in range(4)]
    first = 0
    for j in range(times_ms.size):
        if j:
            step = (times_ms[j - 1], times_ms[j])
            _drift(state, slice(first, j - 1), times_ms, step, 1, sources, wind)
            _drift(state, slice(j - 1, j), times_ms, step, _YOUNG_STEPS, sources, wind)
        state[0][j], state[1][j] = sources.x_m, sources.y_m
        state[2][j] = state[3][j] = sources.sigma_start_m
        first += _gone(state[0][first:j], state[1][first:j], state[2][first:j], keep)
        if j in wanted:
            x, y, sigma_h, sigma_z = (array[first : j + 1] for array in state)
            yield Streak(
                first=first,
                emitted_ms=times_ms[first : j + 1],
                x_m=x,
                y_m=y,
                sigma_h_m=sigma_h,
                sigma_z_m=sigma_z,
            )


def cut(streak: Streak, cells: IntArray, sources: Sources) -> Puffs:
    """Puffs of a streak. ``cells`` (n_times - 1, n_sources) numbers the spans of emission.

    Neighbouring segments with the same number make one run and are cut together; -1 means that
    nothing was emitted. A number belongs to one source. The mass of a puff is ``emission_s`` times the rate.
    """
    count, width = streak.x_m.shape
    owner = np.full((width, count), -1, dtype=np.intp)
    owner[:, : count - 1] = cells[streak.first : streak.first + count - 1].T
    flat = [array.T.ravel() for array in (streak.x_m, streak.y_m, streak.sigma_h_m, streak.sigma_z_m)]
    length, ratio = _optical_length(flat[0], flat[1], flat[2])
    runs, starts, ends = _runs(owner.ravel())
    edge_s, edge_run = _edges(length, ratio, starts, ends, np.asarray(streak.emitted_ms), count)
    inside = edge_run[1:] == edge_run[:-1]
    low, high, run = edge_s[:-1][inside], edge_s[1:][inside], edge_run[:-1][inside]
    middle = 0.5 * (low + high)
    source = starts[run] // count
    x, y, sigma_h, sigma_z = _between(flat, streak.emitted_ms, middle, source, count)
    return Puffs(
        x_m=x,
        y_m=y,
        height_m=sources.height_m[source],
        sigma_h_m=sigma_h,
        sigma_z_m=sigma_z,
        emission_s=(high - low) / 1000.0,
        cell=runs[run],
    )


def _drift(
    state: list[FloatArray],
    nodes: slice,
    times_ms: FloatArray,
    step: tuple[float, float],
    parts: int,
    sources: Sources,
    wind: WindField,
) -> None:
    """Move and grow ``nodes`` in place from ``step[0]`` to ``step[1]``, by the midpoint rule."""
    if nodes.stop <= nodes.start:
        return
    x, y, sigma_h, sigma_z = (array[nodes] for array in state)
    length = (step[1] - step[0]) / parts
    seconds = length / 1000.0
    for part in range(parts):
        start = step[0] + part * length
        layer = wind.air(int(start + 0.5 * length))
        age = (start - times_ms[nodes, None]) / 1000.0
        after = grow_upwards(sigma_z, age, seconds, sources.height_m, layer)
        level = transport_height(0.5 * (sigma_z + after), sources.height_m)
        u, v = wind.at(x, y, int(start), level)
        half = 0.5 * seconds
        u, v = wind.at(x + half * u, y + half * v, int(start + 0.5 * length), level)
        x += seconds * u
        y += seconds * v
        sigma_h[:] = grow_sideways(sigma_h, seconds, layer)
        sigma_z[:] = after


def _gone(x: FloatArray, y: FloatArray, sigma: FloatArray, keep: Extent) -> int:
    """How many of the oldest nodes have left for good."""
    reach = _FAR_M + 5.0 * sigma
    out = (x < keep.x_min_m - reach) | (x > keep.x_max_m + reach)
    out |= (y < keep.y_min_m - reach) | (y > keep.y_max_m + reach)
    stays = np.flatnonzero(~out.all(axis=1))
    # The segment behind the first node that stays still reaches into the park.
    return max(int(stays[0]) - 1, 0) if stays.size else max(x.shape[0] - 1, 0)


def _optical_length(x: FloatArray, y: FloatArray, sigma: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Length of every segment in standard deviations, growth counted three times; log of their ratio."""
    ratio = np.log(sigma[1:] / sigma[:-1])
    change = sigma[1:] - sigma[:-1]
    flat = np.abs(ratio) < 1e-6
    per_metre = np.where(flat, 1.0 / sigma[1:], ratio / np.where(flat, 1.0, change))
    return (np.hypot(np.diff(x), np.diff(y)) + 3.0 * np.abs(change)) * per_metre, ratio


def _runs(owner: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Cell, first segment and end of every run of equal cells; spans without emission are left out."""
    change = np.flatnonzero(np.diff(owner)) + 1
    starts = np.concatenate([[0], change]).astype(np.intp)
    ends = np.concatenate([change, [owner.size]]).astype(np.intp)
    keep = owner[starts] >= 0
    return owner[starts][keep], starts[keep], ends[keep]


def _edges(
    length: FloatArray,
    ratio: FloatArray,
    starts: IntArray,
    ends: IntArray,
    emitted_ms: FloatArray,
    count: int,
) -> tuple[FloatArray, IntArray]:
    """Emission times (ms) of the cuts, n + 1 for a run of n puffs, and the run that each belongs to."""
    total = np.concatenate([[0.0], np.cumsum(length)])
    span = total[ends] - total[starts]
    puffs = np.maximum(np.ceil(span / _SPACING), 1.0).astype(np.intp)
    run = np.repeat(np.arange(starts.size), puffs + 1)
    place = np.arange(run.size) - np.repeat(np.cumsum(puffs + 1) - puffs - 1, puffs + 1)
    target = total[starts[run]] + span[run] * place / puffs[run]
    segment = np.clip(np.searchsorted(total, target, side="right") - 1, starts[run], ends[run] - 1)
    part = np.clip((target - total[segment]) / np.maximum(length[segment], 1e-12), 0.0, 1.0)
    # Sigma runs geometrically with optical length, so emission time does not run linearly.
    log = ratio[segment]
    curved = np.abs(log) > 1e-6
    part = np.where(curved, np.expm1(part * log) / np.where(curved, np.expm1(log), 1.0), part)
    node = segment % count
    times = emitted_ms[node] + part * (emitted_ms[node + 1] - emitted_ms[node])
    times = np.where(place == 0, emitted_ms[starts[run] % count], times)
    return np.where(place == puffs[run], emitted_ms[(ends[run] - 1) % count + 1], times), run


def _between(
    flat: list[FloatArray], emitted_ms: FloatArray, times_ms: FloatArray, source: IntArray, count: int
) -> list[FloatArray]:
    """Node values at emission times between the nodes, linear."""
    node = np.clip(np.searchsorted(emitted_ms, times_ms, side="right") - 1, 0, count - 2)
    part = (times_ms - emitted_ms[node]) / (emitted_ms[node + 1] - emitted_ms[node])
    index = source * count + node
    return [array[index] + part * (array[index + 1] - array[index]) for array in flat]
