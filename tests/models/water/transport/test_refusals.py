"""Bad input is refused with field, cell and value."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from models.water.grid import regular_grid
from models.water.problem import Dispersion, MassSource, Sorption, Species, TransportProblem
from models.water.transport.solver import TransportSolver
from tests.support.water_uniform import uniform_field
from twin.core.errors import BadRequestError

GRID = regular_grid((2, 3, 4), dx_m=1.0, dy_m=1.0, thickness_m=1.0)
GOOD = TransportProblem(species=[Species(id="a")], dispersion=Dispersion())
OUTSIDE = MassSource(cells=np.array([[0, 3, 0]]), rate_kg_s=np.ones((1, 1)))
LESS = np.zeros((1, 2, 3, 4))
LESS[0, 1, 2, 3] = -1.0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"species": []}, "species"),
        ({"species": [Species(id="a"), Species(id="a")]}, "species"),
        ({"species": [Species(id="a", parent="b")]}, "species.parent"),
        ({"species": [Species(id="a", decay_1_s=-1.0)]}, "species a decay_1_s: -1.0"),
        ({"species": [Species(id="a", sorption=Sorption(kd_m3_kg=float("nan")))]}, "kd_m3_kg: nan"),
        ({"dispersion": Dispersion(longitudinal_m=-2.0)}, "dispersion.longitudinal_m: -2.0"),
        ({"scheme": "central"}, "scheme: central"),
        ({"sources": [OUTSIDE]}, r"cells of src: \(0, 3, 0\)"),
        ({"start_conc_kg_m3": LESS}, r"start_conc_kg_m3 of cell \(layer, row, column\) \(1, 2, 3\): -1.0"),
    ],
)
def test_problems(change: dict[str, Any], said: str) -> None:
    with pytest.raises(BadRequestError, match=said) as refused:
        TransportSolver(GRID, 0.3, replace(GOOD, **change))
    assert refused.value.message_zh != refused.value.message


def test_porosity_names_its_cell() -> None:
    porosity = np.full(GRID.shape, 0.3)
    porosity[1, 0, 2] = 0.0
    with pytest.raises(BadRequestError, match=r"porosity of cell \(layer, row, column\) \(1, 0, 2\): 0.0"):
        TransportSolver(GRID, porosity, GOOD)


def test_steps_and_fields() -> None:
    solver = TransportSolver(GRID, 0.3, GOOD)
    state = solver.start()
    field = uniform_field(GRID, (1e-6, 0.0, 0.0))
    with pytest.raises(BadRequestError, match="dt_s: 0.0"):
        solver.step(state, field, 0.0, 0.0)
    broken = field.right_m3_s.copy()
    broken[0, 1, 1] = np.nan
    with pytest.raises(BadRequestError, match=r"field.right_m3_s of cell .* \(0, 1, 1\): nan"):
        solver.step(state, replace(field, right_m3_s=broken), 1.0, 0.0)
    with pytest.raises(BadRequestError, match="field.front_m3_s: "):
        solver.step(state, replace(field, front_m3_s=broken[:1]), 1.0, 0.0)
    west = replace(field.packages[0], conc_kg_m3=np.full((6, 1), -0.1))
    with pytest.raises(BadRequestError, match="conc_kg_m3 of west: -0.1"):
        solver.step(state, replace(field, packages=[west]), 1.0, 0.0)


def test_what_was_good_stays_good() -> None:
    solver = TransportSolver(GRID, 0.3, GOOD)
    state = solver.start()
    before = state.mobile_kg.copy()
    solver.step(state, uniform_field(GRID, (1e-6, 0.0, 0.0), np.ones(GRID.shape)), 1e5, 0.0)
    assert np.array_equal(state.mobile_kg, before)
    assert state.moved_kg == {}
