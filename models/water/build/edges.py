"""What the ground exchanges water with: rivers, springs, the ends of the valley, rain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import LineString
from shapely.geometry.base import BaseGeometry

from models.water.build.layers import Layered
from models.water.grid import Grid
from models.water.problem import Drain, GeneralHead, Medium, Recharge, River
from twin.core.geometry import FloatArray, frozen
from twin.core.park import Plot, Water

Heights = Callable[[FloatArray, FloatArray], FloatArray]
_STATION_M = 10.0  # along a river between places where its level is read


@dataclass(frozen=True, slots=True, kw_only=True)
class RiverBed:
    """Assumed bed of rivers. Its surface stands at the terrain along the line, made to fall downstream.

    The bed lies ``depth_m`` under the surface and is ``bed_m`` thick with conductivity ``k_m_s`` (silty sand;
    Freeze and Cherry, 1979, table 2.2). ``into_aquifer``: the river has cut through fill and clay into the
    uppermost aquifer, as rivers of valley floors have; else it lies in the layer that holds the bed.
    """

    k_m_s: float = 1e-6
    bed_m: float = 0.5
    depth_m: float = 1.0
    into_aquifer: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Rain:
    """Water that seeps in, m/s: 300 mm a year on open ground, 90 mm where works stand.

    About a sixth of the 1750 mm of rain that the mountains of western Fujian get in a year, and a third of
    that under works; both assumed, the wells decide. ``slope_share``: part of what seeps in on slopes outside
    the model that reaches it underground; the rest comes out in brooks. Assumed too.
    """

    open_m_s: float = 9.5e-9
    works_m_s: float = 2.9e-9
    slope_share: float = 0.3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Profile:
    """The surface of a river: ``level_m`` (n,) at ``along_m`` (n,) of its ``line``, falling downstream."""

    line: LineString
    along_m: FloatArray
    level_m: FloatArray

    def at(self, x_m: float, y_m: float) -> float:
        """Level at the point of the river nearest to a place."""
        return float(np.interp(self.line.project(shapely.Point(x_m, y_m)), self.along_m, self.level_m))


def river_profile(water: Water, heights: Heights) -> Profile:
    """Surface of a river from the terrain under its line; ``heights(x_m, y_m)`` reads the terrain.

    The lower end is downstream. A level never rises downstream: the least level upstream counts.
    """
    count = max(2, round(water.line.length / _STATION_M) + 1)
    along = np.linspace(0.0, water.line.length, count)
    places = np.array([water.line.interpolate(at).coords[0][:2] for at in along])
    level = heights(places[:, 0], places[:, 1])
    if level[-1] <= level[0]:
        level = np.minimum.accumulate(level)
    else:
        level = np.minimum.accumulate(level[::-1])[::-1]
    return Profile(line=water.line, along_m=frozen(along), level_m=frozen(level))


def river_level(profiles: Sequence[Profile], x_m: FloatArray, y_m: FloatArray) -> FloatArray:
    """Level of the nearest point of any river at places of any shape; at least one profile."""
    points = shapely.points(x_m, y_m)
    away = np.array([shapely.distance(row.line, points) for row in profiles])
    levels = np.array(
        [np.interp(shapely.line_locate_point(row.line, points), row.along_m, row.level_m) for row in profiles]
    )
    return np.asarray(np.take_along_axis(levels, away.argmin(axis=0)[None], axis=0)[0])


def river_cells(
    layered: Layered, water: Water, profile: Profile, bed: RiverBed, aquifers: Sequence[str]
) -> River | None:
    """River along a line, a conductance of bed k x length x width / bed thickness per cell.

    None where the line meets no active cell. The bottom of a bed below its cell is raised to the cell's.
    """
    rows = []
    for i, j, length in _crossed(layered.grid, water.line):
        centre = layered.grid.x_m[j], layered.grid.y_m[i]
        stage = profile.at(*centre)
        layer = _river_layer(layered, i, j, stage - bed.depth_m, aquifers if bed.into_aquifer else None)
        if layer is None:
            continue
        floor = float(layered.grid.bottom_m[layer, i, j])
        stage = max(stage, floor + 0.1)  # a cell's mean ground may lie above the channel
        rows.append(
            (
                layer,
                i,
                j,
                stage,
                bed.k_m_s * length * water.width_m / bed.bed_m,
                max(stage - bed.depth_m, floor + 0.05),
            )
        )
    if not rows:
        return None
    table = np.array(rows)
    return River(
        cells=table[:, :3].astype(np.int64), stage_m=frozen(table[:, 3]),
        conductance_m2_s=frozen(table[:, 4]), bottom_m=frozen(table[:, 5]), name=f"river {water.id}",
    )  # fmt: skip


def springs(grid: Grid, medium: Medium, ground_m: FloatArray, *, leakance_1_s: float | None = None) -> Drain:
    """Drains at the ground (nr, nc) of all columns: no head stands much above it.

    Conductance is area x ``leakance_1_s``; None: vertical conductivity over half the thickness of the
    uppermost cell, at least 2e-6 1/s (springs break through thin clay: 5 mm above ground drain the
    rain of the year).
    """
    rows, cols = np.nonzero(grid.uppermost >= 0)
    layers = grid.uppermost[rows, cols]
    if leakance_1_s is None:
        leak = np.maximum(
            medium.k33_m_s[layers, rows, cols] / (0.5 * grid.thickness_m[layers, rows, cols]), 2e-6
        )
    else:
        leak = np.full(len(rows), leakance_1_s)
    return Drain(
        cells=np.column_stack([layers, rows, cols]), elevation_m=frozen(ground_m[rows, cols]),
        conductance_m2_s=frozen(leak * grid.area_m2[rows, cols]), name="springs",
    )  # fmt: skip


def ends(
    grid: Grid,
    medium: Medium,
    profiles: Sequence[Profile],
    ground_m: FloatArray,
    *,
    above_m: float,
    distance_m: float,
) -> GeneralHead | None:
    """General heads on the western, eastern, southern and northern rim where a valley leaves the map.

    Cells of the rim whose ground (nr, nc) stands less than ``above_m`` above the nearest river's level there;
    the head outside is that level, at ``distance_m`` through the cell's own ground. None without any.
    """
    cells, heads, conductances = [], [], []
    for i, j, width in _rim(grid):
        if not profiles:
            break
        here = shapely.Point(grid.x_m[j], grid.y_m[i])
        nearest = min(profiles, key=lambda row: row.line.distance(here))
        level = nearest.at(here.x, here.y)
        if ground_m[i, j] - level > above_m:
            continue
        for k in np.flatnonzero(grid.active[:, i, j] & (grid.bottom_m[:, i, j] < level)):
            cells.append((int(k), i, j))
            heads.append(level)
            conductances.append(medium.k_m_s[k, i, j] * grid.thickness_m[k, i, j] * width / distance_m)
    if not cells:
        return None
    return GeneralHead(
        cells=np.array(cells, dtype=np.int64), head_m=frozen(heads), conductance_m2_s=frozen(conductances),
        name="valley ends",
    )  # fmt: skip


def rain_on(grid: Grid, plots: Sequence[Plot], rain: Rain) -> FloatArray:
    """What seeps in (nr, nc), m/s, inside and outside the domain: less where works stand."""
    works: BaseGeometry = shapely.union_all([plot.outline for plot in plots])
    xx, yy = np.meshgrid(grid.x_m, grid.y_m)
    return np.where(shapely.contains_xy(works, xx, yy), rain.works_m_s, rain.open_m_s)


def recharge_of(grid: Grid, rate_m_s: FloatArray, slopes_m3_s: FloatArray) -> Recharge:
    """Recharge of the domain's columns: rain, and the water of slopes (m3/s per column) over their area."""
    total = rate_m_s + slopes_m3_s / grid.area_m2
    return Recharge(rate_m_s=frozen(np.where(grid.uppermost >= 0, total, 0.0)), name="rain")


def _crossed(grid: Grid, line: LineString) -> list[tuple[int, int, float]]:
    """(row, column, length inside) of the cells that a line crosses."""
    x = grid.x0_m + np.concatenate([[0.0], np.cumsum(grid.dx_m)])
    y = grid.y0_m + np.concatenate([[0.0], np.cumsum(grid.dy_m)])
    lengths: dict[tuple[int, int], float] = {}
    coords = np.asarray(line.coords)[:, :2]
    for start, end in zip(coords[:-1], coords[1:], strict=True):
        cuts = np.unique(np.concatenate([[0.0, 1.0], _cuts(start[0], end[0], x), _cuts(start[1], end[1], y)]))
        middles = start + 0.5 * (cuts[1:] + cuts[:-1])[:, None] * (end - start)
        part = np.diff(cuts) * float(np.hypot(*(end - start)))
        cols = np.searchsorted(x, middles[:, 0], side="right") - 1
        rows = np.searchsorted(y, middles[:, 1], side="right") - 1
        inside = (cols >= 0) & (rows >= 0) & (cols < len(x) - 1) & (rows < len(y) - 1)
        for i, j, length in zip(rows[inside], cols[inside], part[inside], strict=True):
            lengths[int(i), int(j)] = lengths.get((int(i), int(j)), 0.0) + float(length)
    return [(i, j, length) for (i, j), length in lengths.items() if length > 0.0]


def _cuts(start: float, end: float, edges: FloatArray) -> FloatArray:
    """Parts (0 to 1) of the way from ``start`` to ``end`` at which edges are passed."""
    if start == end:
        return np.empty(0)
    part = (edges - start) / (end - start)
    return np.asarray(part[(part > 0.0) & (part < 1.0)])


def _river_layer(
    layered: Layered, i: int, j: int, bed_m: float, aquifers: Sequence[str] | None
) -> int | None:
    active = np.flatnonzero(layered.grid.active[:, i, j])
    if not len(active):
        return None
    deep = active[layered.grid.bottom_m[active, i, j] < bed_m]
    if aquifers is not None:
        names = np.array(layered.strata_ids)[layered.stratum[deep]]
        deep = deep[np.isin(names, list(aquifers))]
    return int(deep[0]) if len(deep) else int(active[-1])


def _rim(grid: Grid) -> list[tuple[int, int, float]]:
    """(row, column, width of the outer face) of active columns on the rim of the map."""
    nr, nc = grid.top_m.shape
    there: npt.NDArray[np.bool_] = np.asarray(grid.active.any(axis=0))
    rows = [(i, j, float(grid.dy_m[i])) for i in range(nr) for j in (0, nc - 1) if there[i, j]]
    return rows + [(i, j, float(grid.dx_m[j])) for j in range(1, nc - 1) for i in (0, nr - 1) if there[i, j]]
