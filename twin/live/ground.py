"""What stands still, in the forms that the models eat."""

from __future__ import annotations

from dataclasses import dataclass

from gis.crs import ParkCrs
from gis.terrain import Terrain
from models.contract import Site
from twin.core.park import Park
from twin.live.heads import HeadGrid, head_grid


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """The park, the site of the air models and the nodes of the water table."""

    park: Park
    site: Site
    grid: HeadGrid


def site_of(park: Park, terrain: Terrain) -> Site:
    """Site of the air models."""
    longitude, latitude = ParkCrs(park.epsg, park.origin).to_lonlat(0.0, 0.0)
    return Site(
        extent=park.extent,
        ground_heights_m=terrain.heights_m,
        x0_m=terrain.x0_m,
        y0_m=terrain.y0_m,
        step_m=terrain.step_m,
        longitude_deg=float(longitude),
        latitude_deg=float(latitude),
        convergence_deg=park.convergence_deg,
    )


def ground_of(park: Park, terrain: Terrain) -> Ground:
    """Site of the air models and nodes of the water table."""
    return Ground(park=park, site=site_of(park, terrain), grid=head_grid(park.extent, terrain))
