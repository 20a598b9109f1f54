"""Cost of the shallow layer: a cloud of 30 minutes in a valley on 256 x 256 cells, and its growth with cells.

``python -m tests.bench.air_shallow`` prints CPU-seconds (one core) for layer, puffs and maps together.
"""

from __future__ import annotations

import math
import time

import numpy as np

from models.air.dense.layer import LayerSettings
from models.air.dense.mixture import IdealMixture
from models.air.dense.terrain import DenseResult, dense_over_terrain
from models.contract import Site
from models.term import Ambient, Shape, SourceTerm
from twin.core.clock import Interval
from twin.core.geometry import Extent, Place
from twin.core.plume import PlumeGrid

SIDE_M = 2560.0
MINUTES = 30


def valley() -> Site:
    """A valley that falls 3 % to the east between flanks that rise 150 m over 1,280 m."""
    nodes = np.linspace(0.0, SIDE_M, 129)
    x, y = np.meshgrid(nodes, nodes)
    ground = 150.0 * ((y - 0.5 * SIDE_M) / (0.5 * SIDE_M)) ** 2 + 0.03 * (SIDE_M - x)
    ground += 0.5 * np.sin(x / 90.0) * np.cos(y / 70.0)
    return Site(
        extent=Extent(x_min_m=0.0, y_min_m=0.0, x_max_m=SIDE_M, y_max_m=SIDE_M),
        ground_heights_m=ground,
        x0_m=0.0,
        y0_m=0.0,
        step_m=20.0,
        roughness_m=0.1,
    )


def cloud(cells: int, rate_kg_s: float = 20.0, settings: LayerSettings | None = None) -> DenseResult:
    """A gas twice as heavy as air, 20 kg/s for 20 minutes, in a wind of 1 m/s at night."""
    one = np.ones(1)
    term = SourceTerm(
        substance_id="cl2",
        shape=Shape.POOL,
        place=Place(x_m=700.0, y_m=1400.0, z_m=0.0),
        height_m=0.0,
        times_s=np.array([0.0, 1200.0]),
        rate_kg_s=rate_kg_s * one,
        temperature_k=285.0 * one,
        liquid_fraction=0.0 * one,
        air_fraction=0.0 * one,
        radius_m=20.0 * one,
        speed_m_s=0.0 * one,
    )
    ambient = Ambient(
        wind_speed_m_s=1.0,
        wind_height_m=10.0,
        towards_deg=270.0,
        roughness_m=0.1,
        friction_velocity_m_s=0.06,
        inverse_obukhov_1_m=0.02,
        temperature_k=285.0,
        relative_humidity_fraction=0.6,
    )
    step = SIDE_M / cells
    grid = PlumeGrid(x_min_m=0.0, y_min_m=0.0, dx_m=step, dy_m=step, dz_m=1.0, nx=cells, ny=cells, nz=1)
    return dense_over_terrain(
        term,
        ambient,
        valley(),
        None,
        Interval(start_ms=0, end_ms=60_000 * MINUTES),
        grid,
        output_s=60.0,
        settings=settings,
        mixture=IdealMixture(gas_density_kg_m3=2.4),
        keep_layers=True,
    )


def main() -> None:
    for cells in (64, 128, 256):
        start = time.process_time()
        result = cloud(cells)
        spent = time.process_time() - start
        wet = float(np.mean([(row.depth_m > 2e-3).sum() for row in result.layers]))
        book = result.book
        closed = result.in_layer_kg[-1] + book.handed_kg + book.left_kg
        print(
            f"{cells:4d} x {cells}: {spent:6.2f} CPU-s, {result.steps} steps, {wet:.0f} wet cells, "
            f"{result.puffs.x_m.size} puffs, mass closed to {abs(closed / book.entered_kg - 1.0):.1e}, "
            f"in layer {result.in_layer_kg[-1]:.0f} kg, handed {book.handed_kg:.0f} kg, "
            f"furthest centroid {math.hypot(*(result.centroid_m[-1] - result.centroid_m[1])):.0f} m"
        )


if __name__ == "__main__":
    main()
