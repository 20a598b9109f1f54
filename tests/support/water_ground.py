"""Small grounds and stresses for tests of the water."""

from __future__ import annotations

import numpy as np

from models.water.grid import Grid, regular_grid
from models.water.problem import FixedHead, Medium
from models.water.result import FlowField
from twin.core.geometry import FloatArray


def uniform(
    grid: Grid,
    *,
    k_m_s: float | FloatArray = 1e-4,
    k33_m_s: float | FloatArray | None = None,
    storage_1_m: float | FloatArray = 1e-5,
    specific_yield: float = 0.2,
    convertible: bool | list[bool] = False,
) -> Medium:
    """Properties that are equal in all cells, or given by layer (nl, 1, 1) or cell."""
    full = np.ones(grid.shape)
    k = full * k_m_s
    return Medium(
        k_m_s=k,
        k33_m_s=k.copy() if k33_m_s is None else full * k33_m_s,
        porosity=full * 0.2,
        specific_storage_1_m=full * storage_1_m,
        specific_yield=full * specific_yield,
        convertible=np.broadcast_to(np.array(convertible), (grid.shape[0],)).copy(),
    )


def held(grid: Grid, column: int, head_m: float | FloatArray, name: str = "chd") -> FixedHead:
    """Heads fixed in all active cells of a column of the grid."""
    k, i = np.nonzero(grid.active[:, :, column])
    cells = np.column_stack([k, i, np.full_like(k, column % grid.shape[2])])
    return FixedHead(cells=cells, head_m=np.broadcast_to(head_m, (len(cells),)).astype(float), name=name)


def graded(inner_m: float, count: int, factor: float, far_m: float) -> FloatArray:
    """Widths outwards on both sides: ``2 count + 1`` equal ones in the middle, growing up to ``far_m``."""
    widths = []
    reach, width = (count + 0.5) * inner_m, inner_m
    while reach < far_m:
        width *= factor
        widths.append(width)
        reach += width
    return np.array([*widths[::-1], *[inner_m] * (2 * count + 1), *widths])


def graded_grid(widths_m: FloatArray, tops_m: list[float], bottoms_m: list[float]) -> Grid:
    """Square grid of these widths with the origin in the middle; layers must touch."""
    assert tops_m[1:] == bottoms_m[:-1]
    n = len(widths_m)
    half = 0.5 * float(widths_m.sum())
    shape = (len(tops_m), n, n)
    return Grid(
        dx_m=widths_m,
        dy_m=widths_m.copy(),
        top_m=np.full((n, n), tops_m[0]),
        bottom_m=np.broadcast_to(np.array(bottoms_m)[:, None, None], shape).copy(),
        domain=np.ones(shape, dtype=np.int8),
        x0_m=-half,
        y0_m=-half,
    )


def left_over(grid: Grid, field: FlowField) -> FloatArray:
    """Sum of face flows, packages and storage of every cell, counted one link at a time."""
    out = field.storage_m3_s - field.right_m3_s - field.front_m3_s - field.lower_m3_s
    out[:, :, 1:] += field.right_m3_s[:, :, :-1]
    out[:, 1:] += field.front_m3_s[:, :-1]
    for k, i, j in np.argwhere(grid.below >= 0):
        out[grid.below[k, i, j], i, j] += field.lower_m3_s[k, i, j]
    for row in field.packages:
        np.add.at(out.ravel(), row.cells, row.flow_m3_s)
    return np.asarray(out)


def pinched_grid() -> Grid:
    """Three layers of 12 x 15; the middle one is not there in part of it, one cell is inactive."""
    grid = regular_grid((3, 12, 15), dx_m=10.0, dy_m=12.0, thickness_m=np.array([4.0, 5.0, 6.0]), top_m=10.0)
    domain, bottom = grid.domain.copy(), grid.bottom_m.copy()
    domain[1, 5:8, 5:9] = -1
    domain[0, 0, 0] = 0
    bottom[1][domain[1] == -1] = bottom[0][domain[1] == -1]
    return Grid(dx_m=grid.dx_m, dy_m=grid.dy_m, top_m=grid.top_m, bottom_m=bottom, domain=domain)
