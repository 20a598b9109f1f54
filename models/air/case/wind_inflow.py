"""Linear flow of a wind case: one inflow, its levels, and the direction that a reference asks for."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.air.case.ground import Ground
from models.air.case.load import LoadedCase
from models.air.case.met import Air, air_of
from models.air.case.missing import entry
from models.air.case.schema import WindCase
from models.air.case.schema_air import AnchorTable
from models.air.flow.stratified import buoyancy_per_speed, relief_m
from models.air.turbulence import wind_profile
from twin.core.geometry import FloatArray
from twin.core.wind import direction_from_uv, uv_from_direction

# Speed east, north (and up, where the model has it) at places and heights above ground.
Reader = Callable[[FloatArray, FloatArray, FloatArray], tuple[FloatArray, FloatArray, FloatArray]]

_LEVELS_M = (2.5, 5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 320.0)
_MOST_M = 5000.0
_ROUNDS = 4
_CLOSE_DEG, _APART_DEG = 0.2, 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wind:
    """How a case reads its wind."""

    read: Reader
    solver: str
    inputs: tuple[str, ...]
    notes: tuple[str, ...]


def inflow_wind(case: WindCase, ground: Ground, loaded: LoadedCase, asked_m: Sequence[float]) -> Wind:
    """Wind of one inflow; ``asked_m`` are the heights at which it will be read."""
    site = ground.site
    air = air_of(case.air, case.run, site, loaded.source)
    from_deg = (air.wind_from_deg - site.convergence_deg) % 360.0
    read, notes = _unit(case, ground, air, from_deg, asked_m)
    ratio = 1.0 if ground.flat else _profile_ratio(air, site.roughness_m)
    scale, said = air.wind_speed_m_s / ratio, f"undisturbed at {air.wind_height_m:g} m"
    if case.reference is not None:
        scale, said = air.wind_speed_m_s / math.hypot(*_vector(read, case.reference)), "at the reference"

    def scaled(x: FloatArray, y: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        u, v, w = read(x, y, z)
        return u * scale, v * scale, w * scale

    inverse = air.layer.inverse_obukhov_1_m
    stated = f"wind {air.wind_speed_m_s:g} m/s {said} from {air.wind_from_deg:g} deg"
    return Wind(
        read=scaled,
        solver="similarity_profile" if ground.flat else "linear_flow",
        inputs=(f"{stated}, 1/L {inverse:g} 1/m, z0 {site.roughness_m:g} m",),
        notes=notes,
    )


def _unit(
    case: WindCase, ground: Ground, air: Air, from_deg: float, asked_m: Sequence[float]
) -> tuple[Reader, tuple[str, ...]]:
    """Wind of unit speed whose direction is the stated one, at the reference if there is one."""
    if ground.flat:
        inverse = air.layer.inverse_obukhov_1_m
        return _level(air.wind_height_m, from_deg, ground.site.roughness_m, inverse), ()
    levels = levels_of(case, ground, asked_m)
    inflow_deg = from_deg
    read, notes = _hill(ground, inflow_deg, air, levels)
    if case.reference is None:
        return read, notes
    off = _off_deg(read, case.reference, from_deg)
    for _ in range(_ROUNDS):
        if abs(off) <= _CLOSE_DEG:
            break
        turned = (inflow_deg + off) % 360.0
        other, _ = _hill(ground, turned, air, levels)
        left = _off_deg(other, case.reference, from_deg)
        if abs(left) >= abs(off):
            break
        inflow_deg, read, off = turned, other, left
    turn = (inflow_deg - from_deg + 180.0) % 360.0 - 180.0
    if abs(turn) > _APART_DEG:
        notes = (
            *notes,
            f"ground turns the wind at the reference by {-turn:.1f} deg, inflow turned back",
        )
    if abs(off) > _APART_DEG:
        notes = (*notes, f"direction at the reference {abs(off):.1f} deg off the stated one")
    return read, notes


def _vector(read: Reader, anchor: AnchorTable) -> tuple[float, float]:
    u, v, _ = read(np.array([anchor.x_m]), np.array([anchor.y_m]), np.array([anchor.height_m]))
    return float(u[0]), float(v[0])


def _off_deg(read: Reader, anchor: AnchorTable, from_deg: float) -> float:
    """How far the inflow must turn, clockwise, for the stated direction at the reference."""
    found = direction_from_uv(*_vector(read, anchor))
    return (from_deg - found + 180.0) % 360.0 - 180.0


def _profile_ratio(air: Air, roughness_m: float) -> float:
    """Undisturbed speed at the stated height over that at 10 m."""
    inverse = air.layer.inverse_obukhov_1_m
    at, ten = wind_profile(np.array([air.wind_height_m, 10.0]), roughness_m, inverse)
    return float(at / ten)


def levels_of(case: WindCase, ground: Ground, asked_m: Sequence[float]) -> tuple[float, ...]:
    """``heights_m`` of the case, or 2.5 to 320 m, on to the relief and the heights asked for."""
    if case.heights_m:
        return tuple(case.heights_m)
    asked = [height for height in asked_m if height > 0.0]
    lowest = max(min(asked, default=_LEVELS_M[0]), 10.0 * ground.site.roughness_m)
    rows = [level for level in _LEVELS_M if level > 1.2 * lowest]
    rows = [lowest, *rows] if lowest < _LEVELS_M[0] else list(_LEVELS_M)
    top = min(max([relief_m(ground.site.ground_heights_m), *asked]), _MOST_M)
    while rows[-1] < top:
        rows.append(2.0 * rows[-1])
    return tuple(rows)


def _hill(
    ground: Ground, from_deg: float, air: Air, levels: Sequence[float]
) -> tuple[Reader, tuple[str, ...]]:
    from gis.terrain import Terrain

    site, inverse = ground.site, air.layer.inverse_obukhov_1_m
    terrain = Terrain(site.ground_heights_m.astype(np.float32), site.x0_m, site.y0_m, site.step_m)
    speed_10_m_s = air.wind_speed_m_s / _profile_ratio(air, site.roughness_m)
    flow: Any = entry("models.air.flow.hill", "linear_flow", "linear flow over terrain")(
        terrain,
        from_deg,
        roughness_m=site.roughness_m,
        heights_m=levels,
        inverse_obukhov_1_m=inverse,
        buoyancy_per_speed_1_m=buoyancy_per_speed(site.roughness_m, inverse, speed_10_m_s),
    )

    def read(x: FloatArray, y: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        u, v, w = flow.at(x, y, z)
        return u, v, w

    return read, tuple(flow.notes)


def _level(wind_height_m: float, from_deg: float, roughness_m: float, inverse_1_m: float) -> Reader:
    u1, v1 = uv_from_direction(1.0, from_deg)

    def read(x: FloatArray, y: FloatArray, z: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        shape = wind_profile(z, roughness_m, inverse_1_m) / wind_profile(
            wind_height_m, roughness_m, inverse_1_m
        )
        shape = shape + np.zeros(np.shape(x))
        return u1 * shape, v1 * shape, np.zeros_like(shape)

    return read
