"""The compiled kernels and their twins in numpy give the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

from models.water.flow import cycle, plain, saturation
from models.water.flow.linear import Cycles, Matrix
from models.water.flow.solver import FlowOptions, FlowSolver
from models.water.problem import (
    Barrier,
    Drain,
    Evapotranspiration,
    GeneralHead,
    Recharge,
    River,
    Stress,
    Wells,
)
from tests.support.water_ground import held, pinched_grid, uniform

compiled = pytest.importorskip("models.water.compiled.flow", reason="numba is not installed")
SHAPE = (3, 5, 7)


def test_constants() -> None:
    """The compiled kernels cannot import their twins' constants: the two must say the same."""
    for name in ("DAMPING", "LOOSE_COLUMN"):
        assert getattr(compiled, name) == getattr(cycle, name)
    for name in ("DRY", "SMOOTHING"):
        assert getattr(compiled, name) == getattr(saturation, name)


def everything() -> list[Stress]:
    """Every package, on the pinched grid."""
    rows = np.arange(12)

    def column(layer: int, at: int) -> np.ndarray:
        return np.column_stack([np.full(12, layer), rows, np.full(12, at)])

    plane = np.ones((12, 15))
    return [
        held(pinched_grid(), 0, 9.0),
        GeneralHead(cells=column(1, 14), head_m=np.full(12, 4.0), conductance_m2_s=np.full(12, 1e-4)),
        Recharge(rate_m_s=1e-8 * plane),
        Wells(cells=np.array([[0, 3, 8]]), rate_m3_s=np.array([-2e-4])),
        River(
            cells=column(0, 10),
            stage_m=np.full(12, 8.0),
            bottom_m=np.full(12, 7.0),
            conductance_m2_s=np.full(12, 1e-5),
        ),
        Drain(cells=column(0, 4), elevation_m=np.full(12, 8.0), conductance_m2_s=np.full(12, 1e-4)),
        Evapotranspiration(surface_m=10.0 * plane, rate_m_s=1e-8 * plane, depth_m=3.0 * plane),
        Barrier(cells_a=column(0, 6), cells_b=column(0, 7), hydraulic_1_s=np.full(12, 1e-7)),
    ]


def _links(east: np.ndarray, north: np.ndarray, down: np.ndarray) -> np.ndarray:
    total = east + north + down
    total[:, :, 1:] += east[:, :, :-1]
    total[:, 1:] += north[:, :-1]
    total[1:] += down[:-1]
    return total


def random_parts(seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    parts = {name: random.uniform(0.1, 1.0, SHAPE) for name in ("east", "north", "down", "head", "old")}
    parts["east"][:, :, -1] = parts["north"][:, -1] = parts["down"][-1] = 0.0
    parts["head"] = random.uniform(-0.3, 1.3, SHAPE)
    parts["free"] = random.uniform(size=SHAPE) > 0.2
    return parts


@pytest.mark.parametrize("newton", [False, True])
def test_balance(newton: bool) -> None:
    parts = random_parts(1)
    results = []
    for kernels in (plain, compiled):
        sat, steep, stored, residual, diag = np.ones(SHAPE), *(np.zeros(SHAPE) for _ in range(4))
        links = [np.zeros(SHAPE) for _ in range(5)]
        conv = np.array([True, True, False])
        thick = np.full(SHAPE, 1.0)
        total = kernels.store_terms(
            *(parts["head"], np.zeros(SHAPE), thick, conv, parts["free"], parts["east"], parts["north"]),
            *(0.5 * np.ones(SHAPE), parts["old"], sat, steep, stored, residual, diag),
        )
        kernels.face_terms(
            *(parts["head"], sat, steep, conv, parts["east"], parts["north"], parts["down"]),
            *(parts["free"], newton, residual, diag, *links),
        )
        results.append([sat, steep, stored, residual, diag, *links, np.array(total)])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14)


def test_cycles_and_gradients() -> None:
    """A V-cycle, three steps of one iteration, all of the other: on a matrix with holes."""
    parts = random_parts(2)
    free = parts["free"].astype(float)
    links = [parts[name] * free for name in ("east", "north", "down")]
    links[0][:, :, :-1] *= free[:, :, 1:]
    links[1][:, :-1] *= free[:, 1:]
    links[2][:-1] *= free[1:]
    east, north, down = links
    diag = np.where(free > 0.0, 0.05 + _links(east, north, down), 1.0)
    right = np.random.default_rng(3).standard_normal(SHAPE) * free
    even = Matrix(diag=diag, east=east, west=east, north=north, south=north, down=down, symmetric=True)
    odd = Matrix(
        diag=diag, east=1.1 * east, west=0.9 * east, north=north, south=north, down=down, symmetric=False
    )
    results = []
    for kernels in (plain, compiled):
        cycles = Cycles(kernels, parts["free"], east, north)
        few, all_of, left = (np.zeros(SHAPE) for _ in range(3))
        _, norm = cycles.solve(3, even, right, 0.0, few)
        count, least = cycles.solve(200, odd, right, 1e-12, all_of)
        assert 3 < count < 40
        assert least <= 1e-12
        plain.product(all_of, odd.diag, odd.east, odd.west, north, north, down, left)
        np.testing.assert_allclose(left, right, atol=1e-11)
        results.append((few, all_of, norm))
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("method", ["picard", "newton"])
def test_the_same_heads_by_numpy(method: str) -> None:
    """All packages, a water table, pinched-out cells: steady and three days, to 1e-9 m."""
    grid = pinched_grid()
    medium = uniform(grid, k33_m_s=1e-5, convertible=[True, True, False])
    heads = []
    for kernel in ("numba", "numpy"):
        options = FlowOptions(method=method, balance_share=1e-12, steady_balance_share=1e-12)
        solver = FlowSolver(grid, medium, kernel=kernel, options=options)
        step = solver.steady(everything(), np.where(grid.active, 9.0, np.nan))
        heads.append([step.head_m])
        for _ in range(3):
            step = solver.step(step.head_m, 86_400.0, everything()[:3])
            assert step.converged
            heads[-1].append(step.head_m)
    np.testing.assert_allclose(heads[0], heads[1], atol=1e-9)
