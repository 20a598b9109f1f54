"""From the places of a case file to receptors of the solvers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.air.case.rows_csv import numbers_of_csv, text_of_csv
from models.air.case.schema import PlumeCase, WindCase
from models.air.case.schema_places import ArcRow, BeamRow, LineRow, PointRow, TowerRow
from models.contract import Site
from twin.core.beam import Receptor, point_receptor
from twin.core.geometry import Place, frozen

DEFAULT_HALF_WIDTH_DEG = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A place that is asked: local metres, height above ground."""

    id: str
    x_m: float
    y_m: float
    height_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Arc:
    """Receptors of one circle: ``spots`` from ``bearings_deg``, seen from the centre, true north."""

    id: str
    radius_m: float
    height_m: float
    bearings_deg: tuple[float, ...]
    spots: tuple[Spot, ...]


def spots_of(case: PlumeCase | WindCase, site: Site, folder: Path, source: str) -> tuple[Spot, ...]:
    """All points, towers and lines of a case, in the order of the file."""
    found = [spot_of_point(row) for row in case.point]
    if case.points_csv is not None:
        found += _from_csv(folder / case.points_csv, source)
    found += [spot for row in case.tower for spot in _of_tower(row)]
    found += [spot for row in case.line for spot in _of_line(row, site)]
    return tuple(found)


def spot_of_point(row: PointRow) -> Spot:
    """The place of a ``[[point]]``."""
    return Spot(id=row.id, x_m=row.x_m, y_m=row.y_m, height_m=row.height_m)


def arcs_of(
    rows: Sequence[ArcRow], centre_m: tuple[float, float], downwind_deg: float, site: Site
) -> tuple[Arc, ...]:
    """One arc per radius. ``downwind_deg`` is where the wind blows TO, true north."""
    found = []
    for row in rows:
        x0 = centre_m[0] if row.x_m is None else row.x_m
        y0 = centre_m[1] if row.y_m is None else row.y_m
        low = downwind_deg - DEFAULT_HALF_WIDTH_DEG if row.from_deg is None else row.from_deg
        high = downwind_deg + DEFAULT_HALF_WIDTH_DEG if row.to_deg is None else row.to_deg
        bearings = np.linspace(low, high, max(2, 1 + math.ceil((high - low) / row.step_deg - 1e-9)))
        grid = np.radians(bearings - site.convergence_deg)
        for radius in row.radii_m:
            spots = tuple(
                Spot(
                    id=f"{row.id}@{radius:g}/{bearing % 360.0:g}",
                    x_m=x0 + radius * math.sin(angle),
                    y_m=y0 + radius * math.cos(angle),
                    height_m=row.height_m,
                )
                for bearing, angle in zip(bearings, grid, strict=True)
            )
            found.append(
                Arc(
                    id=f"{row.id}@{radius:g}",
                    radius_m=radius,
                    height_m=row.height_m,
                    bearings_deg=tuple(float(b) for b in bearings),
                    spots=spots,
                )
            )
    return tuple(found)


def receptor_of(spot: Spot, site: Site) -> Receptor:
    """Point receptor of a place, on the ground of the site."""
    ground = float(site.ground_m(spot.x_m, spot.y_m))
    return point_receptor(spot.id, Place(x_m=spot.x_m, y_m=spot.y_m, z_m=ground + spot.height_m))


def beam_receptor(row: BeamRow, site: Site) -> Receptor:
    """Path receptor of a ``[[beam]]``: 16 Gauss nodes, and the ends for solvers with a closed form."""
    ends = [
        [x, y, float(site.ground_m(x, y)) + height]
        for x, y, height in (
            (row.from_x_m, row.from_y_m, row.from_height_m),
            (row.to_x_m, row.to_y_m, row.to_height_m),
        )
    ]
    start, end = np.array(ends)
    abscissa, weight = np.polynomial.legendre.leggauss(16)
    along = (abscissa + 1.0) / 2.0
    return Receptor(
        sensor_id=row.id,
        points_m=frozen(start + along[:, None] * (end - start)),
        weights=frozen(weight / weight.sum()),
        segment_m=frozen([start, end]),
    )


def _of_tower(row: TowerRow) -> list[Spot]:
    return [
        Spot(id=f"{row.id}@{height:g}", x_m=row.x_m, y_m=row.y_m, height_m=height) for height in row.heights_m
    ]


def _of_line(row: LineRow, site: Site) -> list[Spot]:
    angle = math.radians(row.towards_deg - site.convergence_deg)
    return [
        Spot(
            id=f"{row.id}@{distance:g}",
            x_m=row.x_m + distance * math.sin(angle),
            y_m=row.y_m + distance * math.cos(angle),
            height_m=row.height_m,
        )
        for distance in row.distances_m
    ]


def _from_csv(path: Path, source: str) -> list[Spot]:
    names = [row["id"] for row in text_of_csv(path, ("id", "x_m", "y_m"), "points_csv", source)]
    columns = numbers_of_csv(path, ("x_m", "y_m"), ("height_m",), "points_csv", source)
    heights = columns.get("height_m", [1.5] * len(names))
    return [
        Spot(id=name, x_m=x, y_m=y, height_m=height)
        for name, x, y, height in zip(names, columns["x_m"], columns["y_m"], heights, strict=True)
    ]
