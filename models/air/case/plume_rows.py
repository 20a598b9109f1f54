"""The solver of a plume case with the case's physics, and areas as points."""

from __future__ import annotations

import math
from dataclasses import replace

from models.air.case.load import LoadedCase, bad_value
from models.air.case.met import Air
from models.air.case.schema import PlumeCase
from models.air.case.schema_release import PlumeReleaseRow
from models.air.case.steady_rows import SteadyRows
from models.air.deposition import NOTHING, Removal, removal_of
from models.contract import AirSolver, solver

_SIDE = 12  # points along the longer side of an area
_RINGS = 6


def is_steady(case: PlumeCase, *, flat: bool) -> bool:
    """Whether the steady plume can answer: flat ground, one wind, releases that do not end."""
    ends = any(row.end_s is not None or row.mass_kg is not None or row.start_s > 0.0 for row in case.release)
    return flat and not ends and not case.station and case.source is None


def receptor_solver(
    case: PlumeCase, row: PlumeReleaseRow, air: Air, *, flat: bool, loaded: LoadedCase, late: bool = False
) -> AirSolver | SteadyRows:
    """What reads the receptors: the steady plume where it can, else the row of the solver table.

    ``late``: the stated run ends before the gas has come to all of them, which ``auto`` leaves to puffs.
    """
    steady = is_steady(case, flat=flat)
    if case.solver == "steady_plume" and not steady:
        raise bad_value(
            loaded.source,
            "solver",
            "steady_plume",
            "flat ground, a steady wind and releases that do not end (or solver = auto)",
            "平坦地面、定常风与持续释放（或 solver = auto）",
        )
    if steady and (case.solver == "steady_plume" or (case.solver == "auto" and not late)):
        return SteadyRows(
            air,
            removal=removal_for(row),
            rain_mm_h=case.air.precipitation_mm_h,
            sigma_start_m=start_spread_m(row),
        )
    return field_solver(case, row)


def field_solver(case: PlumeCase, row: PlumeReleaseRow) -> AirSolver:
    """Row of the solver table, with the case's start spread and step where it takes them."""
    if case.solver not in ("auto", "steady_plume", "gaussian_puff"):
        return solver(case.solver)
    from models.air.puff import STEP_S, GaussianPuff

    return GaussianPuff(
        sigma_start_m=start_spread_m(row),
        step_s=case.run.step_s or STEP_S,
        removal={row.substance: removal_for(row)},
        rain_mm_h=case.air.precipitation_mm_h,
    )


def removal_for(row: PlumeReleaseRow) -> Removal:
    """What takes the gas of a release out of the air: the substance's own, or as stated."""
    removal = NOTHING if row.deposition == "none" else removal_of(row.substance)
    if row.deposition_velocity_m_s is not None:
        removal = replace(removal, deposition_m_s=row.deposition_velocity_m_s)
    if row.half_life_s is not None:
        removal = replace(removal, decay_1_s=math.log(2.0) / row.half_life_s)
    return removal


def start_spread_m(row: PlumeReleaseRow) -> float:
    """Spread at birth: as stated, that of one cell of an area (side / sqrt 12), 0.1 m for a bare point."""
    if row.sigma_start_m is not None:
        return row.sigma_start_m
    if row.width_m is not None and row.length_m is not None:
        return max(row.width_m, row.length_m) / (_SIDE * math.sqrt(12.0))
    if row.radius_m is not None:
        return row.radius_m / (_RINGS * math.sqrt(12.0))
    return 0.1


def area_points(row: PlumeReleaseRow, convergence_deg: float = 0.0) -> list[tuple[float, float]]:
    """Equal parts of a release as places (x, y): one for a point, cells for an area."""
    if row.radius_m is not None:
        return _disc(row.x_m, row.y_m, row.radius_m)
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


def _disc(x_m: float, y_m: float, radius_m: float) -> list[tuple[float, float]]:
    """Places of equal area: ring k, from k/n to (k + 1)/n of the radius, holds 2 k + 1 of n squared parts."""
    points = [(x_m, y_m)]
    for k in range(1, _RINGS):
        radius = radius_m * math.sqrt((k * k + (k + 1) ** 2) / 2.0) / _RINGS
        count = 2 * k + 1
        for i in range(count):
            angle = 2.0 * math.pi * (i + 0.5 * (k % 2)) / count
            points.append((x_m + radius * math.cos(angle), y_m + radius * math.sin(angle)))
    return points
