"""Drawdown around wells against closed forms and a table of an analytic-element program."""

from __future__ import annotations

import numpy as np
import pytest

from models.water.flow.screened import screened
from models.water.flow.solver import FlowSolver
from models.water.grid import Grid, regular_grid
from models.water.problem import GeneralHead, Medium, Stress, Wells
from tests.support.water_closed import hantush_m, leaky_steady_m, theis_m
from tests.support.water_ground import graded, graded_grid, uniform
from twin.core.errors import BadRequestError
from twin.core.geometry import FloatArray

DAY_S = 86_400.0


def drawdowns(
    grid: Grid, medium: Medium, stresses: list[Stress], ends_s: list[float], growth: float, first_s: float
) -> list[FloatArray]:
    """Heads below zero at the asked ends, with steps that grow from ``first_s``."""
    solver = FlowSolver(grid, medium)
    head, now, dt, out = np.zeros(grid.shape), 0.0, first_s, []
    for end in ends_s:
        while now < end * (1.0 - 1e-12):
            dt = min(dt, end - now)
            step = solver.step(head, dt, stresses)
            assert step.converged
            assert abs(step.imbalance) <= 1e-9
            head, now = step.head_m, now + dt
            dt *= growth
        out.append(-head)
    return out


def middle(grid: Grid) -> int:
    return (grid.shape[1] - 1) // 2


def test_theis() -> None:
    """Beyond five cells within 1 %, at the four times of the table."""
    t_m2_s, storage, rate = 500.0 / DAY_S, 2e-4, 2500.0 / DAY_S
    widths = graded(10.0, 12, 1.2, 15_000.0)
    grid = graded_grid(widths, [0.0], [-10.0])
    medium = uniform(grid, k_m_s=t_m2_s / 10.0, storage_1_m=storage / 10.0)
    well = screened(grid, medium, 0.0, 0.0, 0.0, -10.0, -rate)
    times = [0.01 * DAY_S, 0.1 * DAY_S, DAY_S]
    found = drawdowns(grid, medium, [well], times, 1.09, 2.0)
    i = middle(grid)
    r = grid.x_m[i + 5 : i + 20]
    for time_s, drawdown in zip(times, found, strict=True):
        exact = theis_m(r, time_s, rate, t_m2_s, storage)
        seen = exact > 0.01 * exact[0]
        assert np.abs(drawdown[0, i, i + 5 : i + 20] / exact - 1.0)[seen].max() <= 0.01
        np.testing.assert_allclose(drawdown[0], drawdown[0].T, atol=1e-6)
    at_100_m = theis_m(np.array([100.0]), DAY_S, rate, t_m2_s, storage)
    np.testing.assert_allclose(at_100_m, 2.51924, atol=1e-5)  # the published table


def test_hantush() -> None:
    """A leaky aquifer, B = 500 m: within 1 % beyond five cells after a day and in the steady state."""
    t_m2_s, storage, rate, leak_m = 500.0 / DAY_S, 2e-4, 2500.0 / DAY_S, 500.0
    grid = graded_grid(graded(10.0, 12, 1.25, 8_000.0), [0.0], [-10.0])
    medium = uniform(grid, k_m_s=t_m2_s / 10.0, storage_1_m=storage / 10.0)
    well = screened(grid, medium, 0.0, 0.0, 0.0, -10.0, -rate)
    k, i, j = np.indices(grid.shape).reshape(3, -1)
    above = GeneralHead(
        cells=np.column_stack([k, i, j]),
        head_m=np.zeros(k.size),
        conductance_m2_s=(grid.area_m2 * t_m2_s / leak_m**2).ravel(),
    )
    (found,) = drawdowns(grid, medium, [well, above], [DAY_S], 1.15, 5.0)
    m = middle(grid)
    r = grid.x_m[m + 5 : m + 22]
    exact = hantush_m(r, DAY_S, rate, t_m2_s, storage, leak_m)
    np.testing.assert_allclose(found[0, m, m + 5 : m + 22], exact, rtol=0.01)
    at_100_m = hantush_m(np.array([100.0]), DAY_S, rate, t_m2_s, storage, leak_m)
    np.testing.assert_allclose(at_100_m, 1.39476, atol=1e-5)  # the published table
    steady = FlowSolver(grid, medium).steady([well, above], np.zeros(grid.shape))
    np.testing.assert_allclose(
        -steady.head_m[0, m, m + 5 : m + 22], leaky_steady_m(r, rate, t_m2_s, leak_m), rtol=0.01
    )


# Drawdown in m of TTim 0.8.0 (three aquifers, aquitards of 400 and 800 d, 1,000 m3/d out of the second).
TTIM = {
    20.0: [(0.1502, 1.2020, 0.1650), (0.5423, 1.3907, 0.3267), (0.8961, 1.6880, 0.6017)],
    100.0: [(0.1073, 0.5797, 0.1515), (0.4790, 0.7654, 0.3118), (0.8314, 1.0620, 0.5863)],
}


def test_three_layers() -> None:
    """The three-aquifer case within 3 % at 20 and 100 m after 1, 10 and 100 days."""
    bottoms = [-10.0, -14.0, -34.0, -40.0, -60.0]
    grid = graded_grid(graded(4.0, 8, 1.3, 20_000.0), [0.0, *bottoms[:-1]], bottoms)
    k = np.array([5.0, 1e-9, 20.0, 1e-9, 8.0])[:, None, None] / DAY_S
    k33 = np.array([5e4, 4.0 / 400.0, 2e5, 6.0 / 800.0, 8e4])[:, None, None] / DAY_S
    storage = np.array([1e-3, 0.0, 5e-5, 0.0, 5e-5])[:, None, None]
    medium = uniform(grid, k_m_s=k, k33_m_s=k33, storage_1_m=storage)
    well = screened(grid, medium, 0.0, 0.0, -15.0, -33.0, -1000.0 / DAY_S)
    assert well.cells[:, 0].tolist() == [2]
    found = drawdowns(grid, medium, [well], [DAY_S, 10 * DAY_S, 100 * DAY_S], 1.2, 20.0)
    m = middle(grid)
    for r, rows in TTIM.items():
        for drawdown, row in zip(found, rows, strict=True):
            log_r = np.log(grid.x_m[m + 1 :])
            here = [np.interp(np.log(r), log_r, drawdown[layer, m, m + 1 :]) for layer in (0, 2, 4)]
            np.testing.assert_allclose(here, row, rtol=0.03)


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
    from tests.support.water_ground import held

    side = held(grid, 0, 0.0)
    solver = FlowSolver(grid, medium)
    zero = np.zeros(grid.shape)
    one, two, both = (solver.steady([side, *rows], zero).head_m for rows in ([edge], [inner], [edge, inner]))
    np.testing.assert_allclose(one[0, 2, 3], two[1, 6, 9], rtol=1e-8)
    np.testing.assert_allclose(one + two, both, atol=1e-8)
