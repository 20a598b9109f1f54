"""Puffs that left the layer, carried on as passive gas, growing by ``models.air.growth``."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from models.air.dense.handover import HandedPuffs, joined
from models.air.growth import grow_sideways, grow_upwards, mean_height, transport_height
from models.air.kernel import shares
from models.air.shape import mixture
from models.contract import WindField
from twin.core.geometry import FloatArray, frozen
from twin.core.plume import PlumeGrid

_REACH = 5.0
_CHUNK = 1024


def carried(
    puffs: HandedPuffs,
    wind: WindField,
    start_ms: int,
    at_s: float,
    step_s: float,
    roughness_m: float | None = None,
) -> HandedPuffs:
    """All puffs ``step_s`` later, by the midpoint rule. ``at_s`` counts from ``start_ms``.

    Growth goes on from the age that the gas has since it left its source; ``roughness_m`` is given for slices
    of a plume, None for a cloud that keeps together (``growth.grow_upwards``).
    """
    if puffs.x_m.size == 0:
        return puffs
    moment = start_ms + round(1000.0 * at_s)
    middle = start_ms + round(1000.0 * (at_s + 0.5 * step_s))
    layer = wind.air(middle)
    ground = np.zeros(puffs.x_m.size)
    age = at_s - puffs.born_s
    sigma_z = grow_upwards(puffs.sigma_z_m, age, step_s, ground, layer, roughness_m)
    between = 0.5 * (puffs.sigma_z_m + sigma_z)
    level = transport_height(between, ground)
    u, v = wind.at(puffs.x_m, puffs.y_m, moment, level)
    half = 0.5 * step_s
    u, v = wind.at(puffs.x_m + half * u, puffs.y_m + half * v, middle, level)
    return HandedPuffs(
        born_s=puffs.born_s,
        time_s=puffs.time_s,
        x_m=puffs.x_m + step_s * u,
        y_m=puffs.y_m + step_s * v,
        sigma_h_m=grow_sideways(puffs.sigma_h_m, age, step_s, mean_height(between, ground), layer),
        sigma_z_m=sigma_z,
        mass_kg=puffs.mass_kg,
    )


def readable(
    puffs: HandedPuffs, least_sigma_m: float, roughness_m: float, inverse_obukhov_1_m: float
) -> HandedPuffs:
    """The same gas for reading: two puffs for each, with the vertical profile of ``models.air.shape``.

    No puff is read as narrower than ``least_sigma_m``: those just handed over stand side by side and add up
    to a smooth field only when they are about half as wide as the blocks of cells that they came from.
    """
    parts = mixture(
        puffs.sigma_z_m,
        np.zeros(puffs.x_m.size),
        roughness_m,
        np.full(puffs.x_m.size, inverse_obukhov_1_m),
    )
    narrow = np.asarray(parts.narrow_share)
    wide = np.maximum(puffs.sigma_h_m, least_sigma_m)
    outer = replace(
        puffs, sigma_h_m=wide, sigma_z_m=puffs.sigma_z_m * parts.wide, mass_kg=puffs.mass_kg * (1.0 - narrow)
    )
    inner = replace(
        puffs, sigma_h_m=wide, sigma_z_m=puffs.sigma_z_m * parts.narrow, mass_kg=puffs.mass_kg * narrow
    )
    return joined([outer, inner])


def at_height(puffs: HandedPuffs, grid: PlumeGrid, height_m: float, lid_m: float) -> FloatArray:
    """Concentration at a height above ground, kg/m3 (ny, nx): means over the area of the cells."""
    weight = puffs.mass_kg * upright(puffs.sigma_z_m, height_m, lid_m)
    return spread_over(grid, puffs.x_m, puffs.y_m, puffs.sigma_h_m, weight)


def spread_over(
    grid: PlumeGrid, x_m: FloatArray, y_m: FloatArray, sigma_m: FloatArray, weight: FloatArray
) -> FloatArray:
    """Sum of horizontal Gaussians of these weights, means over the cells per area, (ny, nx)."""
    x_edge = frozen(grid.x_min_m + grid.dx_m * np.arange(grid.nx + 1))
    y_edge = frozen(grid.y_min_m + grid.dy_m * np.arange(grid.ny + 1))
    reach = _REACH * sigma_m
    near = (x_m + reach > x_edge[0]) & (x_m - reach < x_edge[-1])
    near &= (y_m + reach > y_edge[0]) & (y_m - reach < y_edge[-1])
    rows = np.flatnonzero(near)
    conc = np.zeros((grid.ny, grid.nx))
    for start in range(0, rows.size, _CHUNK):
        part = rows[start : start + _CHUNK]
        in_x = shares(x_edge, x_m[part], sigma_m[part])
        in_y = shares(y_edge, y_m[part], sigma_m[part])
        conc += (in_y * weight[part, None]).T @ in_x
    return conc / (grid.dx_m * grid.dy_m)


def upright(sigma_z_m: FloatArray, height_m: float | FloatArray, lid_m: float) -> FloatArray:
    """Vertical density at a height of puffs on the ground, 1/m, reflected by ground and lid."""
    scale = math.sqrt(2.0 / math.pi) / sigma_z_m
    total = np.exp(-0.5 * (height_m / sigma_z_m) ** 2)
    if math.isfinite(lid_m):
        for order in (1, 2, 3):
            for sign in (-1.0, 1.0):
                total = total + np.exp(-0.5 * ((height_m + sign * 2.0 * order * lid_m) / sigma_z_m) ** 2)
    return np.asarray(scale * total, dtype=np.float64)
