"""Capture zones, ages and flow lines against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.water.flow.solver import FlowSolver
from models.water.grid import Grid, regular_grid
from models.water.problem import FixedHead, Recharge
from models.water.result import FlowField
from models.water.tracking.capture import YEAR_S, ages, capture_zones
from models.water.tracking.lines import flow_lines
from models.water.tracking.march import march, particles_at
from tests.support.water_geo import POROSITY, THICK_M, basin
from tests.support.water_ground import uniform
from tests.support.water_uniform import uniform_field
from twin.core.errors import BadRequestError


def test_a_doublet_arrives_first_along_the_line() -> None:
    # An injecting and a pumping well 400 m apart: first arrival pi n b L^2 / (3 Q) (Muskat, 1937).
    cells, dx, apart, rate = 151, 10.0, 300.0, 2e-3
    middle, half = cells // 2, int(apart / dx / 2)
    grid, field = basin(cells, dx, {(middle, middle - half): rate, (middle, middle + half): -rate})
    start = [[grid.x_m[middle - half] + 0.5 * dx, grid.y_m[middle], -5.0]]
    tracks = march(grid, np.full(grid.shape, POROSITY), field, particles_at(grid, np.array(start)))
    assert tracks.cells[0].tolist() == [0, middle, middle + half]
    # From the side of the cell of one well to that of the other: the closed form between these radii.
    x = np.linspace(0.5 * dx, apart - 0.5 * dx, 20_001)
    speed = rate / (2.0 * math.pi * POROSITY * THICK_M) * (1.0 / x + 1.0 / (apart - x))
    between = np.trapezoid(1.0 / speed, x)
    first = math.pi * POROSITY * THICK_M * apart**2 / (3.0 * rate)
    assert between == pytest.approx(first, rel=2e-3)
    assert tracks.time_s[0] == pytest.approx(first, rel=0.02)


def well_in_uniform_flow() -> tuple[Grid, FlowField, int, float, float]:
    cells, dx, q0, rate = 121, 10.0, 1e-6, 2.4e-3
    middle = cells // 2
    grid, field = basin(cells, dx, {(middle, middle): -rate}, gradient=q0 / 1e-4)
    return grid, field, middle, q0, rate


def test_a_well_in_uniform_flow_takes_its_width_and_its_water() -> None:
    grid, field, middle, q0, rate = well_in_uniform_flow()
    years = (YEAR_S, 2.5 * YEAR_S)
    zones = capture_zones(grid, np.full(grid.shape, POROSITY), field, [[0, middle, middle]], times_s=years)
    for seconds in years:
        # What is pumped by then has filled the zone's pores before.
        assert zones.zones_by_s[seconds].area * THICK_M * POROSITY == pytest.approx(rate * seconds, rel=0.03)
    # Down the stream the zone ends at the stagnation point Q / (2 pi b q0).
    everything = capture_zones(
        grid, np.full(grid.shape, POROSITY), field, [[0, middle, middle]], times_s=(1e12,), per_side=2
    )
    east = everything.zones_by_s[1e12].bounds[2] - grid.x_m[middle]
    assert east == pytest.approx(rate / (2.0 * math.pi * THICK_M * q0), abs=grid.dx_m[0])
    # At the well it is Q / (2 b q0) wide.
    column = np.isfinite(everything.arrival_s[0][:, 2 * middle]).sum() * 0.5 * grid.dx_m[0]
    assert column == pytest.approx(rate / (2.0 * THICK_M * q0), rel=0.1)


def test_age_grows_with_depth_as_rain_says() -> None:
    # Level aquifer of thickness H under recharge N: age at height z is n H / N ln(H / z) (Vogel, 1967).
    nl, nc, dx, high, rain = 20, 60, 20.0, 20.0, 1e-8
    grid = regular_grid((nl, 1, nc), dx_m=dx, dy_m=10.0, thickness_m=high / nl)
    where = np.column_stack([np.arange(nl), np.zeros(nl, int), np.full(nl, nc - 1)])
    stresses = [
        FixedHead(cells=where, head_m=np.zeros(nl)),
        Recharge(rate_m_s=np.full((1, nc), rain)),
    ]
    step = FlowSolver(grid, uniform(grid, k_m_s=1e-2)).steady(stresses, np.zeros(grid.shape))
    age = ages(grid, np.full(grid.shape, POROSITY), step.field)
    z = grid.z_m[:15, 0, 20] + high
    expected = POROSITY * high / rain * np.log(high / z)
    np.testing.assert_allclose(age[:15, 0, 20], expected, rtol=0.03)


def test_flow_lines_run_downstream() -> None:
    grid = regular_grid((2, 20, 30), dx_m=10.0, dy_m=10.0, thickness_m=5.0)
    field = uniform_field(grid, (2e-6, 0.0, 0.0))
    lines = flow_lines(grid, np.full(grid.shape, POROSITY), field, spacing_m=50.0)
    assert len(lines) >= 16
    for line in lines:
        assert (np.diff(line[:, 0]) >= 0.0).all()
        assert np.ptp(line[:, 1]) < 1e-9


def test_refusals() -> None:
    grid = regular_grid((1, 3, 3), dx_m=10.0, dy_m=10.0, thickness_m=5.0)
    field = uniform_field(grid, (2e-6, 0.0, 0.0))
    porosity = np.full(grid.shape, POROSITY)
    with pytest.raises(BadRequestError, match="wells"):
        capture_zones(grid, porosity, field, [[0, 7, 0]])
    with pytest.raises(BadRequestError, match="times_s"):
        capture_zones(grid, porosity, field, [[0, 1, 1]], times_s=())
    with pytest.raises(BadRequestError, match="spacing_m"):
        flow_lines(grid, porosity, field, spacing_m=0.0)
