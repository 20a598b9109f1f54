"""Where a measure works: cells of screens, faces that a wall crosses, cells that a zone fills and how far.

Depths are metres below the grid's top (ground).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from models.water.grid import ACTIVE, Grid, IntArray
from models.water.problem import Medium
from models.water.refusal import refused
from twin.core.geometry import FloatArray
from twin.core.groundwater import Point

_MOSTLY = 0.5


def overlap_fraction(grid: Grid, top_m: float, bottom_m: float) -> FloatArray:
    """Part (nl, nr, nc) of every active cell's thickness that lies between two depths below ground."""
    if not bottom_m > top_m:
        raise refused(
            value=bottom_m,
            field="bottom_m",
            expected=f"deeper than {top_m:g} m",
            expected_zh=f"大于 {top_m:g} m",
        )
    ground = grid.top_m[None]
    upper = np.minimum(grid.tops_m, ground - top_m)
    lower = np.maximum(grid.bottom_m, ground - bottom_m)
    share = np.clip(upper - lower, 0.0, None) / np.maximum(grid.thickness_m, 1e-9)
    return np.asarray(np.where(grid.active, np.minimum(share, 1.0), 0.0))


def screen_cells(
    grid: Grid, medium: Medium, place: Point, top_m: float, bottom_m: float
) -> tuple[IntArray, FloatArray]:
    """Cells (n, 3) that a screen meets and their shares (n,) of its rate, by transmissivity.

    Raises BadRequestError for a place outside the grid or a screen that meets no active cell.
    """
    i, j = grid.column_row(*place)
    part = overlap_fraction(grid, top_m, bottom_m)[:, i, j] * grid.thickness_m[:, i, j]
    weight = np.where(grid.domain[:, i, j] == ACTIVE, part * medium.k_m_s[:, i, j], 0.0)
    layers = np.flatnonzero(weight > 0.0)
    if not layers.size:
        raise refused(
            value=(*place, top_m, bottom_m),
            field="screen",
            expected="a screen inside active cells",
            expected_zh="位于活动单元内的滤管",
        )
    cells = np.stack([layers, np.full(layers.size, i), np.full(layers.size, j)], axis=1)
    return cells.astype(np.int64), np.asarray(weight[layers] / weight[layers].sum())


def wall_faces(grid: Grid, line: Sequence[Point], top_m: float, bottom_m: float) -> tuple[IntArray, IntArray]:
    """Pairs of horizontal neighbours (n, 3) each, whose centres a polyline parts: a wall without a gap.

    In layers of which the wall takes at least half the thickness; it is open in all others. Raises
    BadRequestError for a line that parts no cells.
    """
    x, y = np.meshgrid(grid.x_m, grid.y_m)
    # A wall through the centres of cells would part them from both sides: it is moved by a hair.
    hair = 1e-6 * float(min(grid.dx_m.min(), grid.dy_m.min()))
    wall = shapely.transform(_line(line), lambda at: at + np.array([hair, 1.37 * hair]))
    pairs = []
    for step_i, step_j in ((0, 1), (1, 0)):
        a = (slice(None, x.shape[0] - step_i), slice(None, x.shape[1] - step_j))
        b = (slice(step_i, None), slice(step_j, None))
        ends = np.stack([np.stack([x[a], y[a]], -1), np.stack([x[b], y[b]], -1)], axis=-2)
        met = shapely.intersects(shapely.linestrings(ends), wall)
        rows, columns = np.nonzero(met)
        pairs.append((rows, columns, rows + step_i, columns + step_j))
    ia, ja, ib, jb = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    deep = overlap_fraction(grid, top_m, bottom_m) >= _MOSTLY
    found_a, found_b = [], []
    for k in range(grid.shape[0]):
        held = deep[k, ia, ja] & deep[k, ib, jb]
        layer = np.full(int(held.sum()), k)
        found_a.append(np.stack([layer, ia[held], ja[held]], axis=1))
        found_b.append(np.stack([layer, ib[held], jb[held]], axis=1))
    cells_a, cells_b = np.concatenate(found_a), np.concatenate(found_b)
    if not len(cells_a):
        raise refused(
            value=tuple(line),
            field="line",
            expected="a line between active cells",
            expected_zh="穿过活动单元之间的线",
        )
    return cells_a.astype(np.int64), cells_b.astype(np.int64)


def zone_cells(
    grid: Grid, line: Sequence[Point], width_m: float, top_m: float, bottom_m: float
) -> tuple[IntArray, FloatArray]:
    """Cells (n, 3) that a zone along a line meets, and the part (n,) of each that it fills.

    One point: a round zone of that diameter. A closed line: its inside. Raises BadRequestError for a zone
    that meets no active cell.
    """
    zone = _zone(line, width_m)
    x1 = grid.x0_m + np.cumsum(grid.dx_m)
    y1 = grid.y0_m + np.cumsum(grid.dy_m)
    boxes = shapely.box((x1 - grid.dx_m)[None, :], (y1 - grid.dy_m)[:, None], x1[None, :], y1[:, None])
    share = shapely.area(shapely.intersection(boxes, zone)) / grid.area_m2
    filled = overlap_fraction(grid, top_m, bottom_m) * share[None]
    cells = np.argwhere(filled > 1e-9)
    if not len(cells):
        raise refused(
            value=tuple(line),
            field="line",
            expected="a zone inside active cells",
            expected_zh="位于活动单元内的区域",
        )
    return cells.astype(np.int64), np.asarray(filled[tuple(cells.T)])


def zone_volume_m3(line: Sequence[Point], width_m: float, top_m: float, bottom_m: float) -> float:
    """Volume of ground that ``zone_cells`` fills where all of it lies in active cells."""
    return float(_zone(line, width_m).area) * (bottom_m - top_m)


def is_area(line: Sequence[Point]) -> bool:
    """Whether a line closes, so that its inside is meant."""
    return len(line) > 3 and tuple(line[0]) == tuple(line[-1])


def length_m(line: Sequence[Point]) -> float:
    """Length of a polyline."""
    at = np.asarray(line, dtype=np.float64).reshape(-1, 2)
    return float(np.hypot(*np.diff(at, axis=0).T).sum())


def _zone(line: Sequence[Point], width_m: float) -> BaseGeometry:
    if len(line) == 1:
        return shapely.Point(line[0]).buffer(0.5 * width_m, quad_segs=32)
    if is_area(line):
        return shapely.make_valid(shapely.Polygon(line))
    return _line(line).buffer(0.5 * width_m, cap_style="flat")


def _line(line: Sequence[Point]) -> shapely.LineString:
    if len(line) < 2:
        raise refused(
            value=tuple(line), field="line", expected="at least two points", expected_zh="至少两个点"
        )
    return shapely.LineString(line)
