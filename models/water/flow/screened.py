"""A well whose screen passes several layers."""

from __future__ import annotations

import numpy as np

from models.water.flow.checks import bad
from models.water.grid import Grid
from models.water.problem import Medium, Wells
from twin.core.geometry import FloatArray


def screened(
    grid: Grid,
    medium: Medium,
    x_m: float,
    y_m: float,
    z_top_m: float,
    z_bottom_m: float,
    rate_m3_s: float,
    *,
    conc_kg_m3: FloatArray | None = None,
    name: str = "wel",
) -> Wells:
    """Wells in every active cell that a screen passes at a place.

    The rate (positive into the aquifer) is split by transmissivity: conductivity times the length of screen
    in the cell (McDonald and Harbaugh, 1988, USGS TWRI 6-A1, p. 8-2); where rows and columns conduct
    differently, by the geometric mean of both. ``conc_kg_m3`` (species,) of water that is injected.

    Raises BadRequestError outside the grid, for a screen that is upside-down or not finite, and for one that
    passes no active cell.
    """
    row, column = grid.column_row(x_m, y_m)
    if not (np.isfinite(z_top_m) and np.isfinite(z_bottom_m) and z_top_m > z_bottom_m):
        raise bad(
            field="screen",
            value=(z_top_m, z_bottom_m),
            expected="finite heights (top, bottom), the top above the bottom",
            expected_zh="有限高程（顶、底），顶高于底",
        )
    if not np.isfinite(rate_m3_s):
        raise bad(field="rate_m3_s", value=rate_m3_s, expected="a finite rate", expected_zh="有限流量")
    top, bottom = grid.tops_m[:, row, column], grid.bottom_m[:, row, column]
    length = np.minimum(top, z_top_m) - np.maximum(bottom, z_bottom_m)
    inside = grid.active[:, row, column] & (length > 0.0)
    if not inside.any():
        raise bad(
            field="screen",
            value=f"{(z_top_m, z_bottom_m)} at row {row}, column {column}",
            expected=f"a part between {top.max():.6g} and {bottom.min():.6g} m in an active cell",
            expected_zh=f"在 {top.max():.6g} 至 {bottom.min():.6g} m 之间的活动单元内有一段",
        )
    layers = np.flatnonzero(inside)
    k = medium.k_m_s[layers, row, column]
    if medium.k22_m_s is not None:
        k = np.sqrt(k * medium.k22_m_s[layers, row, column])
    part = k * length[layers]
    cells = np.column_stack([layers, np.full_like(layers, row), np.full_like(layers, column)])
    return Wells(
        cells=cells.astype(np.int64),
        rate_m3_s=rate_m3_s * part / part.sum(),
        conc_kg_m3=None if conc_kg_m3 is None else np.tile(conc_kg_m3, (len(layers), 1)),
        name=name,
    )
