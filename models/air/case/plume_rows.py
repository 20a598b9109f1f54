"""The solver of a plume case with the case's physics, and areas as points."""

from __future__ import annotations

import math

from models.air.case.load import LoadedCase
from models.air.case.met import Air
from models.air.case.schema import PlumeCase
from models.air.case.schema_release import PlumeReleaseRow
from models.contract import AirSolver, solver

_SIDE = 12  # points along the longer side of an area
_RINGS = 6


def plume_solver(case: PlumeCase, row: PlumeReleaseRow, air: Air, loaded: LoadedCase) -> AirSolver:
    """Row of the solver table, with the start spread and step of the case where it takes them."""
    if case.solver != "gaussian_puff":
        return solver(case.solver)
    from models.air.puff import STEP_S, GaussianPuff

    spread = row.sigma_start_m if row.sigma_start_m is not None else _start_spread_m(row)
    return GaussianPuff(sigma_start_m=spread, step_s=case.run.step_s or STEP_S)


def _start_spread_m(row: PlumeReleaseRow) -> float:
    """Spread at birth: that of one cell of an area (side / sqrt 12), 0.1 m for a bare point."""
    if row.width_m is not None and row.length_m is not None:
        return max(row.width_m, row.length_m) / (_SIDE * math.sqrt(12.0))
    if row.radius_m is not None:
        return row.radius_m / (_RINGS * math.sqrt(12.0))
    return 0.1


def area_points(row: PlumeReleaseRow, convergence_deg: float = 0.0) -> list[tuple[float, float]]:
    """Equal parts of a release as places (x, y): one for a point, cells for an area."""
    if row.radius_m is not None:
        return _disc(row)
    if row.width_m is None or row.length_m is None:
        return [(row.x_m, row.y_m)]
    cell = max(row.width_m, row.length_m) / _SIDE
    nx, ny = max(1, round(row.width_m / cell)), max(1, round(row.length_m / cell))
    turn = math.radians(row.turned_deg - convergence_deg)
    points = []
    for j in range(ny):
        for i in range(nx):
            across = ((i + 0.5) / nx - 0.5) * row.width_m
            along = ((j + 0.5) / ny - 0.5) * row.length_m
            points.append(
                (
                    row.x_m + across * math.cos(turn) + along * math.sin(turn),
                    row.y_m - across * math.sin(turn) + along * math.cos(turn),
                )
            )
    return points


def _disc(row: PlumeReleaseRow) -> list[tuple[float, float]]:
    """Places of equal area: ring k of radius (k + 1/2) / n holds 2 k + 1 of n squared parts."""
    assert row.radius_m is not None
    points = []
    for k in range(_RINGS):
        radius = row.radius_m * math.sqrt((k * k + (k + 1) ** 2) / 2.0) / _RINGS
        count = 2 * k + 1
        for i in range(count):
            angle = 2.0 * math.pi * (i + 0.5 * (k % 2)) / count
            points.append(
                (row.x_m + radius * math.cos(angle) * (k > 0), row.y_m + radius * math.sin(angle) * (k > 0))
            )
    return points
