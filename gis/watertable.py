"""The water table between wells: a depth below ground that is never negative."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gis.conditioning import pull_to_points
from gis.kriging import Kriged, krige
from gis.strata import thickness_of
from twin.core.errors import StrataError
from twin.core.geometry import FloatArray, frozen

_SAME_PLACE_M = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WaterTable:
    """Head on a grid; ``head_m`` and ``sd_m`` (ny, nx), local z in metres, row 0 = SOUTH.

    ``loo_rmse_m`` is the leave-one-out error of the head, None with fewer than three wells.
    """

    x_m: FloatArray
    y_m: FloatArray
    head_m: FloatArray
    sd_m: FloatArray
    loo_rmse_m: float | None
    wells: int


def interpolate_water_table(
    wells_m: FloatArray, x_m: FloatArray, y_m: FloatArray, ground_m: FloatArray
) -> WaterTable:
    """Head at grid nodes from wells (n, 4): x, y, ground level, head (metres, local frame).

    ``x_m`` (nx,), ``y_m`` (ny,) and ``ground_m`` (ny, nx) are the grid, evenly spaced. The square
    root of the depth to water is kriged, with the ground level as a drift where that proves better,
    so that the water never stands above ground; a head above ground (an artesian well) counts as
    water at the surface. Wells at one place (less than 0.5 m) are averaged. Raises StrataError when
    there is no well or a value is not finite.
    """
    wells = _merged(np.asarray(wells_m, dtype=np.float64).reshape(-1, 4))
    depth = np.maximum(wells[:, 2] - wells[:, 3], 0.0)
    field = krige(wells[:, :2], np.sqrt(depth), wells[:, 2])
    x, y = np.meshgrid(x_m, y_m)
    # A trend seen between the lowest and the highest well says nothing about higher ground.
    drift = np.clip(ground_m.ravel(), wells[:, 2].min(), wells[:, 2].max())
    mean, variance = field.predict(np.column_stack([x.ravel(), y.ravel()]), drift)
    thickness, spread = thickness_of(mean, variance)
    below = _through_wells(thickness.reshape(ground_m.shape), wells, depth, x_m, y_m)
    return WaterTable(
        x_m=frozen(x_m), y_m=frozen(y_m), head_m=frozen(ground_m - below),
        sd_m=frozen(np.sqrt(spread).reshape(ground_m.shape)), loo_rmse_m=_loo_rmse(field, depth),
        wells=len(wells),
    )  # fmt: skip


def _merged(wells: FloatArray) -> FloatArray:
    """Wells with those at one place averaged."""
    if len(wells) == 0 or not np.isfinite(wells).all():
        value = "none" if len(wells) == 0 else "not finite"
        raise StrataError(
            f"wells_m: {value}; expected at least one well with finite x, y, ground and head",
            message_zh=f"wells_m：{value}；应至少有一口井，且坐标、地面高程和水位均为有限数",
            field="wells_m",
            value=value,
        )
    groups: list[list[FloatArray]] = []
    for well in wells:
        near = (g for g in groups if np.hypot(*(g[0][:2] - well[:2])) < _SAME_PLACE_M)
        group = next(near, None)
        if group is None:
            groups.append([well])
        else:
            group.append(well)
    return np.array([np.mean(group, axis=0) for group in groups])


def _through_wells(
    below: FloatArray, wells: FloatArray, depth: FloatArray, x_m: FloatArray, y_m: FloatArray
) -> FloatArray:
    """Depths made exact at the wells that stand on the grid."""
    col = (wells[:, 0] - x_m[0]) / (x_m[1] - x_m[0])
    row = (wells[:, 1] - y_m[0]) / (y_m[1] - y_m[0])
    inside = (col >= 0) & (col <= len(x_m) - 1) & (row >= 0) & (row <= len(y_m) - 1)
    return pull_to_points(below, np.column_stack([col, row])[inside], depth[inside])


def _loo_rmse(field: Kriged, depth: FloatArray) -> float | None:
    if len(depth) < 3:
        return None
    left_out, _ = thickness_of(field.values + field.loo_error, field.loo_var)
    return float(np.sqrt(np.mean((left_out - depth) ** 2)))
