"""Hidden ground water: a valley aquifer of the park, solved by this file's own small method.

Truth to score models against, so it shares no code with them: aquifer strata as sheets, thicknesses by
inverse distances from the boreholes, a hidden seeded field of ln K in each, flow between square cells by
finite differences (harmonic transmissivities, wet thickness by fixed-point iteration), rivers, seepage at the
ground, water from the slopes. Heads are the steady state plus the linear response to the season and to each
rain.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
import shapely
from scipy.ndimage import gaussian_filter
from scipy.sparse.linalg import splu

from sensors.simulated.draws import stream
from sensors.simulated.plan import Ground
from twin.core.geometry import FloatArray
from twin.core.park import Park, Water

CELL_M = 20.0
DAY_S = 86_400.0
YEAR_S = 365.25 * DAY_S
# Hidden values; the scene's own are only where they scatter around.
_LN_K_SHIFT = (-0.7, 0.3)
_LN_K_SHIFT_SD = 0.15
_LN_K_SD = 0.6
_LN_K_RANGE_M = 220.0
_ANISOTROPY = 0.12
_RAIN_M_A = 0.28
_SLOPES_M2_S = 9e-6
_BED_1_S = 1.2e-5
_SEEP_1_S = 2e-7
_YIELD = (0.14, 4e-3)
_SEASON_SHARE = 0.6  # of the mean recharge, swinging through the year
_SEASON_PEAK_D = 150.0
_EVENT_SHARE = 0.3  # of a rain that seeps in
_AGES_D = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 48.0, 64.0, 96.0, 128.0)
_ROUNDS = 14
_LEAST_WET_M = 0.3
_END_M = 30.0

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class Sheets:
    """The ground in plan: centres ``x_m`` (nc,), ``y_m`` (nr,), ``active`` (nr, nc), heights (ns, nr, nc).

    ``stratum_ids`` names the aquifer strata, from above; ``ln_k`` (ns, nr, nc), K in m/s; ``porosity`` (ns,).
    """

    x_m: FloatArray
    y_m: FloatArray
    active: BoolArray
    ground_m: FloatArray
    top_m: FloatArray
    bottom_m: FloatArray
    ln_k: FloatArray
    porosity: FloatArray
    stratum_ids: tuple[str, ...]

    @cached_property
    def number(self) -> npt.NDArray[np.int64]:
        """(ns, nr, nc) row of every active cell in the systems of equations, -1 elsewhere."""
        found = np.full(self.ln_k.shape, -1, dtype=np.int64)
        for k in range(len(found)):
            found[k][self.active] = np.arange(int(self.active.sum())) + k * int(self.active.sum())
        return found

    def cell(self, x_m: float, y_m: float) -> tuple[int, int] | None:
        """(row, column) of the active cell nearest to a place within 100 m, None when there is none."""
        gap = np.hypot(self.x_m[None, :] - x_m, self.y_m[:, None] - y_m)
        gap = np.where(self.active, gap, np.inf)
        at = np.unravel_index(int(np.argmin(gap)), gap.shape)
        return (int(at[0]), int(at[1])) if gap[at] <= 100.0 else None

    def spread(self, values: FloatArray) -> FloatArray:
        """Solution vector as (ns, nr, nc), NaN outside."""
        full = np.full(self.ln_k.shape, np.nan)
        full[self.number >= 0] = values[self.number[self.number >= 0]]
        return full


@dataclass(frozen=True, kw_only=True, eq=False)
class Aquifer:
    """The hidden aquifer: ground, steady heads, flows between cells, response to season and rain."""

    sheets: Sheets
    steady_m: FloatArray
    matrix: sp.csc_matrix = field(repr=False)
    faces: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], FloatArray] = field(repr=False)
    sinks_m3_s: FloatArray = field(repr=False)
    recharge_m_s: float

    @cached_property
    def _storage(self) -> FloatArray:
        count = int(self.sheets.active.sum())
        values = [np.full(count, _YIELD[min(k, 1)] * CELL_M**2) for k in range(len(self.sheets.stratum_ids))]
        return np.concatenate(values)

    @cached_property
    def _season(self) -> npt.NDArray[np.complex128]:
        """Amplitude of the heads under a recharge that swings through the year."""
        count = int(self.sheets.active.sum())
        omega = 2.0 * math.pi / YEAR_S
        system = self.matrix + sp.diags(1j * omega * self._storage)
        swing = np.zeros(len(self._storage), dtype=np.complex128)
        swing[:count] = _SEASON_SHARE * self.recharge_m_s * CELL_M**2
        return np.asarray(splu(sp.csc_matrix(system)).solve(swing))

    @cached_property
    def _after_rain(self) -> FloatArray:
        """(ages, unknowns) rise in metres at ``_AGES_D`` after one metre of rain."""
        count = int(self.sheets.active.sum())
        head = np.zeros(len(self._storage))
        head[:count] = _EVENT_SHARE / _YIELD[0]
        rows = [np.zeros(len(head))]
        for before, after in zip(_AGES_D[:-1], _AGES_D[1:], strict=True):
            parts = 2 if after > 1.0 else 1
            storage = self._storage / ((after - before) / parts * DAY_S)
            factor = splu(sp.csc_matrix(self.matrix + sp.diags(storage)))
            for _ in range(parts):
                head = factor.solve(storage * head)
            rows.append(head.copy())
        return np.asarray(rows)

    def rise_m(
        self, unknown: int, time_ms: int, rains: Sequence[tuple[int, float]], mean_m_d: float
    ) -> float:
        """Head of one unknown above its steady value; see ``heads_m`` for the arguments."""
        found = self._season_at(self._season[unknown : unknown + 1], time_ms)[0]
        response = self._after_rain[:, unknown]
        for start_ms, depth_m in rains:
            found += depth_m * float(np.interp((time_ms - start_ms) / 8.64e7, _AGES_D, response, left=0.0))
        return float(found - mean_m_d * np.trapezoid(response, _AGES_D))

    def heads_m(self, time_ms: int, rains: Sequence[tuple[int, float]], mean_m_d: float) -> FloatArray:
        """Heads (ns, nr, nc) in the local frame; ``rains`` (start in ms, depth in m) of the last 128 days.

        ``mean_m_d``: the mean rain per day, which the steady state already holds.
        """
        rise = self._season_at(self._season, time_ms)
        ages = np.array([(time_ms - start) / 8.64e7 for start, _ in rains])
        for age, (_, depth) in zip(ages, rains, strict=True):
            k = int(np.searchsorted(_AGES_D, age, side="right")) - 1
            if 0 <= k < len(_AGES_D) - 1:
                share = (age - _AGES_D[k]) / (_AGES_D[k + 1] - _AGES_D[k])
                rise += depth * ((1 - share) * self._after_rain[k] + share * self._after_rain[k + 1])
        rise -= mean_m_d * np.trapezoid(self._after_rain, _AGES_D, axis=0)
        return self.steady_m + self.sheets.spread(rise)

    @staticmethod
    def _season_at(amplitude: npt.NDArray[np.complex128], time_ms: int) -> FloatArray:
        phase = 2.0 * math.pi * (time_ms / 1000.0 - _SEASON_PEAK_D * DAY_S) / YEAR_S
        return np.asarray(np.real(amplitude * np.exp(1j * phase)))


def aquifer_of(park: Park, ground: Ground, seed: int) -> Aquifer | None:
    """The hidden aquifer of a park; None where its scene describes no ground water to be hidden."""
    if park.groundwater is None or not park.groundwater.model.outline or not park.waters:
        return None
    if sum(row.aquifer for row in park.strata) == 0 or len(park.boreholes) < 3:
        return None
    sheets = _sheets(park, ground, seed)
    return _solved(park, ground, sheets, seed)


def _sheets(park: Park, ground: Ground, seed: int) -> Sheets:
    assert park.groundwater is not None
    outline = shapely.Polygon(park.groundwater.model.outline)
    west, south, east, north = outline.bounds
    x = np.arange(west + CELL_M / 2, east, CELL_M)
    y = np.arange(south + CELL_M / 2, north, CELL_M)
    xx, yy = np.meshgrid(x, y)
    active: BoolArray = np.asarray(shapely.contains_xy(outline, xx, yy))
    heights = np.zeros(xx.shape)
    heights[active] = ground.height(xx[active], yy[active])
    thickness = _thickness(park, xx, yy)
    depth = np.cumsum(thickness, axis=0)
    chosen = [k for k, row in enumerate(park.strata) if row.aquifer][:2]
    strata = [park.strata[k] for k in chosen]
    return Sheets(
        x_m=x,
        y_m=y,
        active=active,
        ground_m=heights,
        top_m=np.stack([heights - depth[k] + thickness[k] for k in chosen]),
        bottom_m=np.stack([heights - depth[k] for k in chosen]),
        ln_k=np.stack(
            [
                math.log(row.conductivity_m_s) + _hidden_field(seed, row.id, k, xx.shape)
                for k, row in enumerate(strata)
            ]
        ),
        porosity=np.array([row.porosity for row in strata]),
        stratum_ids=tuple(row.id for row in strata),
    )


def _thickness(park: Park, x_m: FloatArray, y_m: FloatArray) -> FloatArray:
    """(strata, nr, nc) by inverse squared distance; a log that ends inside a stratum is left out of it."""
    rows = []
    for k in range(len(park.strata)):
        known = [(h.collar.x_m, h.collar.y_m, h.thickness_m[k]) for h in park.boreholes]
        used = np.array([(x, y, t) for x, y, t in known if t is not None] or [(0.0, 0.0, 10.0)])
        weight = 1.0 / ((x_m[..., None] - used[:, 0]) ** 2 + (y_m[..., None] - used[:, 1]) ** 2 + 400.0)
        rows.append(np.maximum((weight * used[:, 2]).sum(-1) / weight.sum(-1), 0.3))
    return np.stack(rows)


def _hidden_field(seed: int, name: str, sheet: int, shape: tuple[int, ...]) -> FloatArray:
    """What ln K is more than the scene says: a shift and a rough smooth field."""
    draws = stream(seed, "ln-k", name)
    shift = _LN_K_SHIFT[min(sheet, 1)] + _LN_K_SHIFT_SD * draws.standard_normal()
    total = np.zeros(shape)
    for share, length_m in ((0.7, _LN_K_RANGE_M / 2.5), (0.3, _LN_K_RANGE_M / 6.0)):
        rough = gaussian_filter(draws.standard_normal(shape), length_m / CELL_M, mode="wrap")
        total += math.sqrt(share) * rough / rough.std()
    return np.asarray(shift + _LN_K_SD * total)


def _solved(park: Park, ground: Ground, sheets: Sheets, seed: int) -> Aquifer:
    draws = stream(seed, "aquifer")
    recharge = _RAIN_M_A / YEAR_S * math.exp(0.15 * draws.standard_normal())
    slopes = _SLOPES_M2_S * math.exp(0.2 * draws.standard_normal())
    river, stage = _rivers(park, ground, sheets, draws)
    count = int(sheets.active.sum())
    size = count * len(sheets.stratum_ids)
    source = np.zeros(size)
    source[:count] = recharge * CELL_M**2 + slopes * _margin(sheets, river)[sheets.active]
    fixed = np.zeros(size)
    fixed[:count] = river[sheets.active]
    level = np.zeros(size)
    level[:count] = stage[sheets.active]
    ground_m = sheets.ground_m[sheets.active]
    k_m_s = np.exp(sheets.ln_k)
    head = np.concatenate([sheets.ground_m[sheets.active] - 3.0] * len(sheets.stratum_ids))
    wet = sheets.top_m - sheets.bottom_m
    for _ in range(_ROUNDS):
        faces = _faces(sheets, k_m_s, wet)
        seeps = np.zeros(size)
        seeps[:count] = _SEEP_1_S * CELL_M**2 * (head[:count] > ground_m)
        sinks = fixed + seeps
        matrix = _matrix(size, faces, sinks)
        target = source + fixed * level
        target[:count] += seeps[:count] * ground_m
        head = 0.5 * head + 0.5 * splu(matrix).solve(target)
        spread = sheets.spread(head)
        wet = np.clip(np.nan_to_num(spread) - sheets.bottom_m, _LEAST_WET_M, sheets.top_m - sheets.bottom_m)
    head = splu(matrix).solve(target)
    return Aquifer(
        sheets=sheets,
        steady_m=sheets.spread(head),
        matrix=matrix,
        faces=faces,
        sinks_m3_s=_taken(fixed, level, seeps, ground_m, head),
        recharge_m_s=recharge,
    )


def _taken(
    fixed: FloatArray, level: FloatArray, seeps: FloatArray, ground_m: FloatArray, head: FloatArray
) -> FloatArray:
    """Water that rivers and seepage take from every unknown (positive: out of the ground)."""
    taken = fixed * (head - level)
    taken[: len(ground_m)] += seeps[: len(ground_m)] * (head[: len(ground_m)] - ground_m)
    return taken


def _faces(
    sheets: Sheets, k_m_s: FloatArray, wet_m: FloatArray
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], FloatArray]:
    """Pairs of neighbouring unknowns and the conductance between them (m2/s)."""
    first, second, conductance = [], [], []
    for k in range(len(sheets.stratum_ids)):
        t = k_m_s[k] * wet_m[k]
        for axis in (0, 1):
            a, b = _pairs(sheets.number[k], axis)
            ta, tb = _pairs(t, axis)
            both = (a >= 0) & (b >= 0)
            first.append(a[both])
            second.append(b[both])
            conductance.append((2.0 * ta * tb / (ta + tb))[both])
    for k in range(len(sheets.stratum_ids) - 1):
        resistance = 0.5 * sum(wet_m[j] / (_ANISOTROPY * k_m_s[j]) for j in (k, k + 1))
        inside = sheets.active
        first.append(sheets.number[k][inside])
        second.append(sheets.number[k + 1][inside])
        conductance.append((CELL_M**2 / resistance)[inside])
    return np.concatenate(first), np.concatenate(second), np.concatenate(conductance)


def _pairs(values: npt.NDArray[Any], axis: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Values on the two sides of all faces along an axis."""
    if axis == 0:
        return values[:-1], values[1:]
    return values[:, :-1], values[:, 1:]


def _matrix(
    size: int,
    faces: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], FloatArray],
    sinks: FloatArray,
) -> sp.csc_matrix:
    a, b, c = faces
    off = sp.coo_matrix((-c, (a, b)), shape=(size, size))
    diagonal = np.bincount(a, c, size) + np.bincount(b, c, size) + sinks
    return sp.csc_matrix(off + off.T + sp.diags(diagonal))


def _rivers(
    park: Park, ground: Ground, sheets: Sheets, draws: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Conductance (nr, nc) and level of rivers, and of the ends of the valley."""
    conductance, weighted = np.zeros(sheets.active.shape), np.zeros(sheets.active.shape)
    for water in park.waters:
        offset = 0.1 * draws.standard_normal()
        for x, y, level, length in _along(water, ground):
            i = int((y - sheets.y_m[0] + CELL_M / 2) // CELL_M)
            j = int((x - sheets.x_m[0] + CELL_M / 2) // CELL_M)
            if not (0 <= i < len(sheets.y_m) and 0 <= j < len(sheets.x_m) and sheets.active[i, j]):
                continue
            own = _BED_1_S * min(water.width_m, CELL_M) * length
            conductance[i, j] += own
            weighted[i, j] += own * (level + offset)
    stage = np.divide(weighted, conductance, out=np.zeros_like(weighted), where=conductance > 0.0)
    return _with_ends(sheets, conductance, stage)


def _along(water: Water, ground: Ground) -> list[tuple[float, float, float, float]]:
    """Points of a river every 5 m: place, level (never rising downstream), length."""
    at = np.arange(2.5, water.line.length, 5.0)
    points = np.array([water.line.interpolate(s).coords[0][:2] for s in at])
    level = ground.height(points[:, 0], points[:, 1])
    order = slice(None) if level[-1] <= level[0] else slice(None, None, -1)
    level = np.minimum.accumulate(level[order])[order]
    return [(float(x), float(y), float(z), 5.0) for (x, y), z in zip(points, level, strict=True)]


def _with_ends(sheets: Sheets, conductance: FloatArray, stage: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Cells at the western and eastern ends hold the level of the river there, through their own ground."""
    wet = np.argwhere(conductance > 0.0)
    columns = np.flatnonzero(sheets.active.any(axis=0))
    for j in (columns[0], columns[-1]):
        nearest = wet[np.argmin(np.abs(wet[:, 1] - j))]
        level = stage[tuple(nearest)]
        rows = np.flatnonzero(sheets.active[:, j] & (sheets.ground_m[:, j] < level + _END_M / 2))
        for i in rows:
            t = math.exp(sheets.ln_k[0, i, j]) * (sheets.top_m[0, i, j] - sheets.bottom_m[0, i, j])
            own = t * CELL_M / _END_M
            stage[i, j] = (stage[i, j] * conductance[i, j] + level * own) / (conductance[i, j] + own)
            conductance[i, j] += own
    return conductance, stage


def _margin(sheets: Sheets, river: FloatArray) -> FloatArray:
    """Length (nr, nc) of the rim in every cell, where the slopes above send water in; none at rivers."""
    inside = np.pad(sheets.active, 1)
    rim = np.zeros(sheets.active.shape)
    for shift, axis in ((1, 0), (-1, 0), (1, 1), (-1, 1)):
        rim += CELL_M * ~np.roll(inside, shift, axis=axis)[1:-1, 1:-1]
    return np.where(sheets.active & (river == 0.0), np.minimum(rim, 1.4 * CELL_M), 0.0)
