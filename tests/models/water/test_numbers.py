"""What callers may give for arrays, and that what cannot be used is refused by name in both languages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.water.grid import Grid, regular_grid
from models.water.model import WaterModel, WaterProblem
from models.water.problem import (
    Barrier,
    Evapotranspiration,
    FixedHead,
    FlowProblem,
    Medium,
    Period,
    Recharge,
    Sorption,
    Wells,
)
from models.water.run import run
from twin.core.errors import BadRequestError

SHAPE = (2, 3, 4)
GRID = regular_grid(SHAPE, dx_m=10.0, dy_m=10.0, thickness_m=5.0, top_m=10.0)
WEST: Any = FixedHead(cells=[[k, i, 0] for k in range(2) for i in range(3)], head_m=9.0)  # type: ignore[arg-type]


def medium(**changed: Any) -> Medium:
    full: dict[str, Any] = {
        "k_m_s": np.full(SHAPE, 1e-4),
        "k33_m_s": np.full(SHAPE, 1e-5),
        "porosity": np.full(SHAPE, 0.25),
        "specific_storage_1_m": np.full(SHAPE, 1e-5),
        "specific_yield": np.full(SHAPE, 0.2),
    }
    return Medium(**{**full, **changed})


def flow(*stresses: Any, ground: Medium | None = None, start: Any = 9.0, **period: Any) -> WaterProblem:
    row = Period(**{"length_s": 86_400.0, "stresses": [WEST, *stresses], **period})
    made = FlowProblem(grid=GRID, medium=ground or medium(), start_head_m=start, periods=[row])
    return WaterProblem(flow=made)


def heads(problem: WaterProblem) -> Any:
    return run(problem, kernel="numpy").head_m[-1]


def test_scalars_lists_and_layers_mean_the_arrays_they_stand_for() -> None:
    loose: Any = {"k_m_s": 1e-4, "k33_m_s": [1e-5, 1e-5], "porosity": 0.25}
    loose |= {"specific_storage_1_m": 1e-5, "specific_yield": 0.2, "convertible": [True, False]}
    by_list = flow(
        Wells(cells=[[1, 1, 2]], rate_m3_s=-1e-5),  # type: ignore[arg-type]
        Recharge(rate_m_s=1e-8),  # type: ignore[arg-type]
        Evapotranspiration(surface_m=10.0, rate_m_s=1e-9, depth_m=5.0),  # type: ignore[arg-type]
        Barrier(cells_a=[[0, 0, 1]], cells_b=[[0, 0, 2]], hydraulic_1_s=0.0),  # type: ignore[arg-type]
        ground=Medium(**loose),
        start=[9.0, 9.0],
    )
    plane = np.ones(SHAPE[1:])
    by_array = flow(
        Wells(cells=np.array([[1, 1, 2]]), rate_m3_s=np.array([-1e-5])),
        Recharge(rate_m_s=1e-8 * plane),
        Evapotranspiration(surface_m=10.0 * plane, rate_m_s=1e-9 * plane, depth_m=5.0 * plane),
        Barrier(cells_a=np.array([[0, 0, 1]]), cells_b=np.array([[0, 0, 2]]), hydraulic_1_s=np.zeros(1)),
        ground=medium(convertible=np.array([True, False])),
        start=np.full(SHAPE, 9.0),
    )
    assert np.array_equal(heads(by_list), heads(by_array))
    assert np.ptp(heads(by_array)) > 1e-3


def test_arrays_that_fit_stay_the_same_objects() -> None:
    """A branch shares them, and a steady solution is kept for the same stresses."""
    ground = medium()
    problem = flow(ground=ground, start=np.full(SHAPE, 9.0))
    assert problem.flow.medium is ground
    assert replace(problem.flow, periods=problem.flow.periods).medium is ground
    assert problem.flow.periods[0].stresses[0] is WEST
    level = flow(Recharge(rate_m_s=1e-8))  # type: ignore[arg-type]
    again = replace(level.flow, medium=ground)
    assert again.periods[0].stresses[1] is level.flow.periods[0].stresses[1]


def test_a_grid_of_lists_is_a_grid() -> None:
    lists: Any = {
        "dx_m": [1.0, 2.0],
        "dy_m": [1],
        "top_m": [[3, 3]],
        "bottom_m": [[[0, 1]]],
        "domain": [[[1, 0]]],
    }
    grid = Grid(**lists)
    assert grid.shape == (1, 1, 2)
    assert grid.thickness_m.tolist() == [[[3.0, 2.0]]]
    with pytest.raises(BadRequestError, match=r"domain of cell \(layer, row, column\) \(0, 0, 1\)"):
        Grid(**{**lists, "domain": [[[1, 0.5]]]})


REFUSED: list[tuple[str, Callable[[], object], str]] = [
    ("words", lambda: medium(k_m_s="fast"), "k_m_s: 'fast'; expected numbers"),
    ("a plane", lambda: flow(ground=medium(porosity=np.ones((3, 4)))), r"porosity: shape \(3, 4\)"),
    ("switches", lambda: medium(convertible=[1.0, 0.0]), "convertible"),
    ("heads", lambda: flow(start=np.zeros((1, 3, 4))), r"start_head_m: shape \(1, 3, 4\)"),
    ("half a row", lambda: Wells(cells=[[0, 1.5, 1]], rate_m3_s=1.0), "wel.cells: .*whole numbers"),  # type: ignore[arg-type]
    ("ragged", lambda: Wells(cells=[[0, 1], [1]], rate_m3_s=1.0), "wel.cells: .*whole numbers"),  # type: ignore[arg-type]
    ("rate", lambda: Wells(cells=[[0, 1, 1]], rate_m3_s="a"), "wel.rate_m3_s: 'a'"),  # type: ignore[arg-type]
    ("plane", lambda: flow(Recharge(rate_m_s=[1e-9, 1e-9])), "rch.rate_m_s"),  # type: ignore[arg-type]
    ("a word", lambda: flow("well"), r"stresses\[1\]: well; expected one of FixedHead"),
    ("none", lambda: flow(stresses=None), "periods.stresses: None"),
    ("steps", lambda: flow(steps=2.5), "periods.steps: 2.5"),
    ("length", lambda: flow(length_s=-5.0), "periods.length_s: -5.0"),
    ("multiplier", lambda: flow(multiplier=float("nan")), "periods.multiplier: nan"),
    ("isotherm", lambda: Sorption(kind="bet"), "sorption.kind: bet; expected one of linear"),  # type: ignore[arg-type]
    ("moment", lambda: run(flow(), times_s=["a"]), r"times_s: \['a'\]"),  # type: ignore[list-item]
    ("moments", lambda: run(flow(), times_s=3.0), "times_s: shape"),  # type: ignore[arg-type]
    ("step", lambda: WaterModel(flow()).step("a"), "dt_s: 'a'"),  # type: ignore[arg-type]
    ("corner", lambda: replace(GRID, x0_m=float("nan")), "x0_m: nan"),
    ("top", lambda: replace(GRID, top_m=np.full((3, 4), np.inf)), "top_m of cell .*: inf"),
    ("counts", lambda: regular_grid((1, 1, -1), dx_m=1.0, dy_m=1.0, thickness_m=1.0), r"shape: \(1, 1, -1\)"),
    ("layers", lambda: regular_grid((2, 1, 1), dx_m=1.0, dy_m=1.0, thickness_m=np.ones(3)), "thickness_m"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "said"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_cannot_be_used_is_named_in_both_languages(make: Callable[[], object], said: str) -> None:
    def all_of_it() -> None:
        made = make()
        if isinstance(made, WaterProblem):
            run(made, kernel="numpy")

    with pytest.raises(BadRequestError, match=said) as caught:
        all_of_it()
    assert caught.value.message_zh != caught.value.message
    assert "expected" not in caught.value.message_zh
