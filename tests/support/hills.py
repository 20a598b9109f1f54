"""Small terrains for tests of the wind: a ridge, a hill, a valley that falls to the west."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from models.air.flow.library import FlowLibrary, LibrarySettings, build_library
from models.contract import Site
from twin.core.geometry import Extent, FloatArray

STEP_M = 50.0
COUNT = (48, 60)  # nodes to the north and east
CORNER = (-1475.0, -1175.0)
HEIGHTS_M = (5.0, 10.0, 20.0, 40.0, 80.0, 160.0)


def grid(count: tuple[int, int] = COUNT) -> tuple[FloatArray, FloatArray]:
    """Coordinates (x, y) of the nodes, each (ny, nx)."""
    y, x = np.mgrid[0 : count[0], 0 : count[1]]
    return CORNER[0] + STEP_M * x, CORNER[1] + STEP_M * y


def valley(*, depth_m: float = 160.0, fall: float = 0.01) -> FloatArray:
    """An east-west valley with a bend, whose floor falls to the WEST."""
    x, y = grid()
    centre = 150.0 * np.sin(x / 700.0)
    return np.asarray(depth_m * (1.0 - np.exp(-(((y - centre) / 450.0) ** 2))) + fall * x)


def site_of(ground_m: FloatArray, *, roughness_m: float = 0.3, convergence_deg: float = 0.0) -> Site:
    """Site on these heights."""
    ny, nx = ground_m.shape
    return Site(
        extent=Extent(
            x_min_m=CORNER[0],
            y_min_m=CORNER[1],
            x_max_m=CORNER[0] + STEP_M * (nx - 1),
            y_max_m=CORNER[1] + STEP_M * (ny - 1),
        ),
        ground_heights_m=ground_m,
        x0_m=CORNER[0],
        y0_m=CORNER[1],
        step_m=STEP_M,
        roughness_m=roughness_m,
        convergence_deg=convergence_deg,
    )


def small_settings() -> LibrarySettings:
    """A quick library: the step of the test terrains, six levels."""
    return LibrarySettings(step_m=STEP_M, heights_m=HEIGHTS_M)


@lru_cache(maxsize=1)
def valley_library() -> FlowLibrary:
    """Library of the valley; built once in a test run."""
    return build_library(site_of(valley()), small_settings())


@lru_cache(maxsize=1)
def flat_library() -> FlowLibrary:
    """Library of a level plain."""
    return build_library(site_of(np.full(COUNT, 100.0)), small_settings())
