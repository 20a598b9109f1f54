"""Small layers for the laws of the shallow layer."""

from __future__ import annotations

import numpy as np

from models.air.dense.layer import LayerSettings, cells_of
from models.air.dense.mixture import IdealMixture
from models.air.dense.shallow import ShallowLayer
from models.contract import Site, SurfaceLayer
from models.term import Ambient, Shape, SourceTerm
from twin.core.geometry import Extent, Place
from twin.core.plume import PlumeGrid

TWICE = IdealMixture(gas_density_kg_m3=2.4, air_density_kg_m3=1.2)
NEUTRAL = SurfaceLayer(
    friction_velocity_m_s=0.1, inverse_obukhov_1_m=0.0, sigma_v_m_s=0.19, mixing_height_m=float("inf")
)


def square(cells: int, step_m: float, *, rows: int | None = None) -> PlumeGrid:
    """Grid around the origin."""
    tall = rows or cells
    return PlumeGrid(
        x_min_m=-0.5 * cells * step_m,
        y_min_m=-0.5 * tall * step_m,
        dx_m=step_m,
        dy_m=step_m,
        dz_m=1.0,
        nx=cells,
        ny=tall,
        nz=1,
    )


def ground(height, half_m: float = 400.0, step_m: float = 4.0) -> Site:
    """Site whose ground is ``height(x, y)``."""
    nodes = np.arange(-half_m, half_m + 0.5 * step_m, step_m)
    x, y = np.meshgrid(nodes, nodes)
    return Site(
        extent=Extent(x_min_m=-half_m, y_min_m=-half_m, x_max_m=half_m, y_max_m=half_m),
        ground_heights_m=np.asarray(height(x, y), dtype=np.float64),
        x0_m=-half_m,
        y0_m=-half_m,
        step_m=step_m,
        roughness_m=0.03,
    )


def flat() -> Site:
    return ground(lambda x, y: 0.0 * x)


def layer(grid: PlumeGrid, site: Site, settings: LayerSettings, mixture=TWICE) -> ShallowLayer:
    return ShallowLayer(cells_of(grid, site, settings.edge), mixture, settings)


def blow(of: ShallowLayer, u_m_s: float, v_m_s: float, air: SurfaceLayer = NEUTRAL) -> None:
    shape = (of.cells.ny, of.cells.nx)
    of.set_wind(np.full(shape, u_m_s), np.full(shape, v_m_s), 0.03, air)


def pool(rate_kg_s: float, *, duration_s: float = 600.0, radius_m: float = 8.0, **changes) -> SourceTerm:
    one = np.ones(1)
    fields = {
        "substance_id": "cl2",
        "shape": Shape.POOL,
        "place": Place(x_m=0.0, y_m=0.0, z_m=0.0),
        "height_m": 0.0,
        "times_s": np.array([0.0, duration_s]),
        "rate_kg_s": rate_kg_s * one,
        "temperature_k": 288.15 * one,
        "liquid_fraction": 0.0 * one,
        "air_fraction": 0.0 * one,
        "radius_m": radius_m * one,
        "speed_m_s": 0.0 * one,
    }
    return SourceTerm(**(fields | changes))


def ambient(speed_m_s: float = 2.0, towards_deg: float = 90.0, **changes) -> Ambient:
    fields = {
        "wind_speed_m_s": speed_m_s,
        "wind_height_m": 10.0,
        "towards_deg": towards_deg,
        "roughness_m": 0.03,
        "friction_velocity_m_s": 0.4 * speed_m_s / np.log(10.0 / 0.03),
        "inverse_obukhov_1_m": 0.0,
        "temperature_k": 288.15,
        "relative_humidity_fraction": 0.5,
    }
    return Ambient(**(fields | changes))
