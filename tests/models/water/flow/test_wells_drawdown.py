"""Drawdown around wells against closed forms and a table of an analytic-element program."""

from __future__ import annotations

import numpy as np
import pytest

from models.water.flow.screened import screened
from models.water.flow.solver import FlowSolver
from models.water.grid import regular_grid
from models.water.problem import Wells
from tests.support.water_closed import hantush_m, leaky_steady_m, theis_m
from tests.support.water_ground import held, uniform
from tests.support.water_wells import (
    DAY_S,
    LEAK_M,
    RATE_M3_S,
    STORAGE,
    T_M2_S,
    TTIM,
    hantush,
    middle,
    theis,
    three_layers,
)
from twin.core.errors import BadRequestError


def test_theis() -> None:
    """Beyond five cells within 1 %, at three times of the published table."""
    _, _, found, exact = theis()
    for here, there in zip(found, exact, strict=True):
        seen = there > 0.01 * there[0]
        np.testing.assert_allclose(here[seen], there[seen], rtol=0.01)
    at_100_m = theis_m(np.array([100.0]), DAY_S, RATE_M3_S, T_M2_S, STORAGE)
    np.testing.assert_allclose(at_100_m, 2.51924, atol=1e-5)


def test_hantush() -> None:
    """A leaky aquifer, B = 500 m: within 1 % beyond five cells after a day and in the steady state."""
    grid, medium, stresses, r, found, exact = hantush()
    np.testing.assert_allclose(found, exact, rtol=0.01)
    at_100_m = hantush_m(np.array([100.0]), DAY_S, RATE_M3_S, T_M2_S, STORAGE, LEAK_M)
    np.testing.assert_allclose(at_100_m, 1.39476, atol=1e-5)
    steady = FlowSolver(grid, medium).steady(stresses, np.zeros(grid.shape))
    m = middle(grid)
    at_last = leaky_steady_m(r, RATE_M3_S, T_M2_S, LEAK_M)
    np.testing.assert_allclose(-steady.head_m[0, m, m + 5 : m + 22], at_last, rtol=0.01)


def test_three_layers() -> None:
    """The three-aquifer case within 3 % at 20 and 100 m after 1, 10 and 100 days."""
    found = three_layers()
    for r, rows in TTIM.items():
        np.testing.assert_allclose(found[r], rows, rtol=0.03)


def test_screen_splits_by_transmissivity() -> None:
    grid = regular_grid((3, 4, 5), dx_m=10.0, dy_m=10.0, thickness_m=np.array([4.0, 6.0, 10.0]), top_m=0.0)
    medium = uniform(grid, k_m_s=np.array([1e-4, 1e-5, 2e-4])[:, None, None])
    well = screened(grid, medium, 25.0, 15.0, -2.0, -15.0, -1e-3, name="p1")
    parts = np.array([1e-4 * 2.0, 1e-5 * 6.0, 2e-4 * 5.0])
    np.testing.assert_allclose(well.rate_m3_s, -1e-3 * parts / parts.sum())
    assert well.cells.tolist() == [[0, 1, 2], [1, 1, 2], [2, 1, 2]]
    assert well.name == "p1"


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ((25.0, 15.0, -30.0, -40.0), "screen"),
        ((25.0, 15.0, -5.0, -2.0), "top above the bottom"),
        ((99.0, 15.0, -1.0, -2.0), "place"),
    ],
)
def test_screens_that_cannot_be(place: tuple[float, float, float, float], message: str) -> None:
    grid = regular_grid((3, 4, 5), dx_m=10.0, dy_m=10.0, thickness_m=5.0)
    with pytest.raises(BadRequestError, match=message):
        screened(grid, uniform(grid), *place, -1e-3)


def test_reciprocity_and_superposition() -> None:
    """A confined system is linear and symmetric: what A does to B, B does to A; two wells add up."""
    random = np.random.default_rng(4)
    grid = regular_grid((2, 9, 11), dx_m=20.0, dy_m=15.0, thickness_m=8.0)
    medium = uniform(grid, k_m_s=1e-4 * np.exp(random.standard_normal(grid.shape)))
    edge = Wells(cells=np.array([[1, 6, 9]]), rate_m3_s=np.array([-2e-3]))
    inner = Wells(cells=np.array([[0, 2, 3]]), rate_m3_s=np.array([-2e-3]))
    side = held(grid, 0, 0.0)
    solver = FlowSolver(grid, medium)
    zero = np.zeros(grid.shape)
    one, two, both = (solver.steady([side, *rows], zero).head_m for rows in ([edge], [inner], [edge, inner]))
    np.testing.assert_allclose(one[0, 2, 3], two[1, 6, 9], rtol=1e-8)
    np.testing.assert_allclose(one + two, both, atol=1e-8)
