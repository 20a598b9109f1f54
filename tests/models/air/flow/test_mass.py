from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.air.flow.mass import (
    Column,
    Faces,
    closed,
    divergence,
    edges_of,
    faces_of,
    project,
    relative_divergence,
)
from twin.core.errors import SolverError

HEIGHTS = np.array([2.5, 5.0, 10.0, 20.0, 40.0, 80.0])
SHAPE = (14, 17)


def column(steepness: float = 8.0, seed: int = 0) -> Column:
    rough = np.random.default_rng(seed).normal(size=SHAPE)
    ground = steepness * (rough + np.roll(rough, 1, 0) + np.roll(rough, 1, 1))
    return Column(ground_m=ground, step_m=20.0, edges_m=edges_of(HEIGHTS), profile=np.log(HEIGHTS / 0.1))


def guess(cells: Column, seed: int = 1) -> Faces:
    random = np.random.default_rng(seed)
    u, v, w = (random.normal(size=(HEIGHTS.size, *SHAPE)) for _ in range(3))
    return faces_of(u + 3.0, v, w, cells)


@settings(deadline=None, max_examples=15)
@given(
    steepness=st.floats(0.0, 15.0),
    vertical=st.floats(0.1, 3.0),
    seed=st.integers(0, 99),
    inflow=st.integers(0, 99),
)
def test_no_divergence_and_nothing_through_the_ground(
    steepness: float, vertical: float, seed: int, inflow: int
):
    cells = column(steepness, seed)
    first = guess(cells, inflow)
    assert relative_divergence(first, cells) > 0.1
    found = project(first, cells, vertical_factor=vertical, tolerance=1e-11)
    assert relative_divergence(found, cells) < 1e-8
    assert np.all(found.omega[0] == 0.0)
    # Sides keep the flux of the first guess.
    for part in ("u", "v"):
        axis = 2 if part == "u" else 1
        for edge in (0, -1):
            np.testing.assert_array_equal(
                np.take(getattr(found, part), edge, axis), np.take(getattr(first, part), edge, axis)
            )


def test_it_is_the_closest_wind():
    """Every other wind without divergence is further from the first guess in the functional."""
    cells, vertical = column(), 0.5
    first = guess(cells)
    found = project(first, cells, vertical_factor=vertical, tolerance=1e-12)
    random = np.random.default_rng(7)

    def cost(wind: Faces) -> float:
        thick, ease = cells.thickness_m[:, None, None], (cells.profile**2)[:, None, None]
        du, dv = wind.u - first.u, wind.v - first.v
        hx, hy = (np.zeros((SHAPE[0], SHAPE[1] + 1)), np.zeros((SHAPE[0] + 1, SHAPE[1])))
        hx[:, 1:-1] = np.diff(cells.ground_m, axis=1) / cells.step_m
        hy[1:-1] = np.diff(cells.ground_m, axis=0) / cells.step_m
        tilt = 0.5 * ((du * hx)[:, :, 1:] + (du * hx)[:, :, :-1] + (dv * hy)[:, 1:] + (dv * hy)[:, :-1])
        dw = (wind.omega - first.omega)[1:]
        dw[:-1] += 0.5 * (tilt[1:] + tilt[:-1])
        dw[-1] += tilt[-1]
        face_thick, face_ease = 0.5 * thick.copy(), ease.copy()
        face_thick[:-1] += 0.5 * thick[1:]
        face_ease[:-1] = 0.5 * (ease[1:] + ease[:-1])
        parts = (thick / ease * du**2).sum() + (thick / ease * dv**2).sum()
        return float(parts + (face_thick / face_ease * dw**2).sum() / vertical)

    least = cost(found)
    for _ in range(5):
        # Any other wind without divergence: a stream function in the vertical planes plus a horizontal one.
        u, v = np.zeros_like(first.u), np.zeros_like(first.v)
        u[:, :, 1:-1] = random.normal(size=u[:, :, 1:-1].shape)
        v[:, 1:-1] = random.normal(size=v[:, 1:-1].shape)
        other = closed(u, v, cells)
        for size in (1e-3, -1e-3, 0.1, -0.1):
            moved = Faces(
                u=found.u + size * other.u, v=found.v + size * other.v, omega=found.omega + size * other.omega
            )
            assert float(np.abs(divergence(moved, cells)).max()) < 1e-8
            assert cost(moved) > least


def test_a_wind_along_level_ground_stays_as_it_is():
    cells = Column(ground_m=np.full(SHAPE, 7.0), step_m=20.0, edges_m=edges_of(HEIGHTS), profile=np.ones(6))
    u = np.log(HEIGHTS / 0.1)[:, None, None] * np.ones(SHAPE)
    first = faces_of(u, 0.3 * u, np.zeros_like(u), cells)
    found = project(first, cells)
    np.testing.assert_array_equal(found.u, first.u)
    np.testing.assert_array_equal(found.omega, 0.0)


def test_air_that_may_not_rise_goes_around():
    y, x = np.mgrid[0:40, 0:40] * 20.0
    ground = 40.0 * np.exp(-((x - 400.0) ** 2 + (y - 400.0) ** 2) / 120.0**2)
    cells = Column(ground_m=ground, step_m=20.0, edges_m=edges_of(HEIGHTS), profile=np.ones(6))
    level = np.ones((HEIGHTS.size, 40, 40))
    first = faces_of(level, 0.0 * level, 0.0 * level, cells)
    over, around = (project(first, cells, vertical_factor=a2) for a2 in (1.0, 0.02))
    sideways = [float(np.abs(wind.v[1]).max()) for wind in (over, around)]
    assert sideways[1] > 1.5 * sideways[0]


def test_closing_upwards_is_exact():
    cells = column()
    wind = closed(guess(cells).u, guess(cells).v, cells)
    assert relative_divergence(wind, cells) < 1e-14


def test_it_says_when_it_does_not_converge():
    with pytest.raises(SolverError, match="did not converge"):
        project(guess(column(60.0)), column(60.0), tolerance=1e-30)
