"""Input that cannot be: an error in both languages that names the field, the cell and the value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from models.water.flow.solver import FlowSolver
from models.water.grid import regular_grid
from models.water.problem import (
    Barrier,
    Drain,
    Evapotranspiration,
    FixedHead,
    GeneralHead,
    Medium,
    Recharge,
    River,
    Stress,
    Wells,
)
from tests.support.water_ground import held, pinched_grid, uniform
from twin.core.errors import BadRequestError

GRID = regular_grid((2, 4, 5), dx_m=10.0, dy_m=10.0, thickness_m=5.0, top_m=10.0)
CELL = np.array([[1, 2, 3]])
START = np.full(GRID.shape, 8.0)


def with_value(field: str, value: float) -> Medium:
    medium = uniform(GRID)
    values = getattr(medium, field).copy()
    values[1, 2, 3] = value
    return replace(medium, **{field: values})


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("k_m_s", -1e-5),
        ("k_m_s", 0.0),
        ("k33_m_s", np.nan),
        ("specific_storage_1_m", -1.0),
        ("specific_yield", 1.5),
        ("specific_yield", np.inf),
    ],
)
def test_bad_ground(field: str, value: float) -> None:
    with pytest.raises(BadRequestError) as caught:
        FlowSolver(GRID, with_value(field, value))
    for text in (caught.value.message, caught.value.message_zh):
        assert field in text
        assert "(1, 2, 3)" in text
        assert str(value) in text
    assert "单元" in caught.value.message_zh


def test_shapes_are_checked() -> None:
    with pytest.raises(BadRequestError, match=r"k33_m_s: shape \(2, 4\); expected shape \(2, 4, 5\)"):
        FlowSolver(GRID, replace(uniform(GRID), k33_m_s=np.ones((2, 4))))


def one(value: float) -> np.ndarray:
    return np.array([value])


BAD: list[tuple[Callable[[], Stress], str]] = [
    (lambda: Wells(cells=np.array([[1, 2, 9]]), rate_m3_s=one(1.0)), r"wel\.cells: \(1, 2, 9\)"),
    (lambda: Wells(cells=CELL, rate_m3_s=one(np.nan)), r"wel\.rate_m3_s of cell .* \(1, 2, 3\): nan"),
    (lambda: Wells(cells=CELL, rate_m3_s=np.zeros(2)), r"wel\.rate_m3_s: shape \(2,\)"),
    (lambda: Wells(cells=np.zeros((1, 2), int), rate_m3_s=one(1.0)), r"wel\.cells: shape \(1, 2\)"),
    (lambda: FixedHead(cells=CELL, head_m=one(-1.0)), r"chd\.head_m of cell .* \(1, 2, 3\): -1\.0.*bottom"),
    (
        lambda: FixedHead(cells=np.vstack([CELL, CELL]), head_m=np.array([8.0, 9.0])),
        r"chd\.cells: cell .* \(1, 2, 3\) twice",
    ),
    (
        lambda: River(cells=CELL, stage_m=one(5.0), bottom_m=one(-1.0), conductance_m2_s=one(1.0)),
        r"riv\.bottom_m of cell .* \(1, 2, 3\): -1\.0",
    ),
    (
        lambda: River(cells=CELL, stage_m=one(1.0), bottom_m=one(2.0), conductance_m2_s=one(1.0)),
        r"riv\.stage_m of cell .*: 1\.0.*river's bottom",
    ),
    (
        lambda: River(cells=CELL, stage_m=one(3.0), bottom_m=one(2.0), conductance_m2_s=one(-1.0)),
        r"riv\.conductance_m2_s of cell .*: -1\.0",
    ),
    (
        lambda: Drain(cells=CELL, elevation_m=one(-3.0), conductance_m2_s=one(1.0)),
        r"drn\.elevation_m of cell .*: -3\.0",
    ),
    (
        lambda: GeneralHead(cells=CELL, head_m=one(np.inf), conductance_m2_s=one(1.0)),
        r"ghb\.head_m of cell .*: inf",
    ),
    (
        lambda: Recharge(rate_m_s=np.where(np.arange(5) == 3, np.nan, np.zeros((4, 5)))),
        r"rch\.rate_m_s of cell .* \(0, 0, 3\): nan",
    ),
    (
        lambda: Evapotranspiration(
            surface_m=np.ones((4, 5)), rate_m_s=np.ones((4, 5)), depth_m=np.zeros((4, 5))
        ),
        r"evt\.depth_m of cell .*: 0\.0",
    ),
    (
        lambda: Barrier(cells_a=CELL, cells_b=np.array([[0, 2, 3]]), hydraulic_1_s=one(1.0)),
        r"hfb\.cells_b of cell .* \(1, 2, 3\): \(0, 2, 3\); expected a horizontal neighbour",
    ),
    (
        lambda: Barrier(cells_a=CELL, cells_b=np.array([[1, 2, 2]]), hydraulic_1_s=one(-1.0)),
        r"hfb\.hydraulic_1_s of cell .*: -1\.0",
    ),
]


@pytest.mark.parametrize(("make", "message"), BAD)
def test_bad_stresses(make: Callable[[], Stress], message: str) -> None:
    solver = FlowSolver(GRID, uniform(GRID, convertible=True))
    with pytest.raises(BadRequestError, match=message) as caught:
        solver.steady([held(GRID, 0, 8.0), make()], START)
    assert caught.value.message_zh != caught.value.message
    good = solver.steady([held(GRID, 0, 8.0)], START)  # bad input harms nothing that was there
    np.testing.assert_allclose(good.head_m, 8.0)


def test_stresses_in_cells_that_are_not_there() -> None:
    grid = pinched_grid()
    solver = FlowSolver(grid, uniform(grid))
    for cell in ((1, 6, 6), (0, 0, 0)):
        well = Wells(cells=np.array([cell]), rate_m3_s=one(1e-3))
        with pytest.raises(BadRequestError, match="not active"):
            solver.steady([held(grid, 0, 8.0), well], np.full(grid.shape, 8.0))


def test_levels_that_nothing_fixes() -> None:
    """A steady state needs an anchor in every connected group of cells; a tight wall parts them."""
    solver = FlowSolver(GRID, uniform(GRID))
    with pytest.raises(BadRequestError, match=r"nothing fixes the level.*40 connected cells.*\(0, 0, 0\)"):
        solver.steady([Wells(cells=CELL, rate_m3_s=one(1e-3))], START)
    k, i = (part.ravel() for part in np.indices((2, 4)))
    wall = Barrier(
        cells_a=np.column_stack([k, i, np.full(8, 2)]),
        cells_b=np.column_stack([k, i, np.full(8, 3)]),
        hydraulic_1_s=np.zeros(8),
    )
    with pytest.raises(BadRequestError, match=r"16 connected cells.*\(0, 0, 3\)"):
        solver.steady([held(GRID, 0, 8.0), wall], START)
    solver.step(START, 3600.0, [wall])  # storage holds the level in a step
    bare = FlowSolver(GRID, uniform(GRID, storage_1_m=0.0))
    with pytest.raises(BadRequestError, match="nothing fixes the level"):
        bare.step(START, 3600.0, [])


def test_dry_from_the_start_and_heads_with_holes() -> None:
    solver = FlowSolver(GRID, uniform(GRID, convertible=True))
    drain = Drain(cells=CELL, elevation_m=one(1.0), conductance_m2_s=one(1.0))
    with pytest.raises(BadRequestError, match="at least one cell with water"):
        solver.steady([drain], np.full(GRID.shape, -20.0))
    holes = START.copy()
    holes[1, 2, 3] = np.nan
    with pytest.raises(BadRequestError, match=r"head_m of cell .* \(1, 2, 3\): nan"):
        FlowSolver(GRID, uniform(GRID)).step(holes, 3600.0, [])
    with pytest.raises(BadRequestError, match="dt_s: 0"):
        solver.step(START, 0.0, [])
