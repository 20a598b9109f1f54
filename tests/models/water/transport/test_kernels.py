"""One evaluation of every kernel, compiled and in numpy: the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

from models.water.grid import regular_grid
from models.water.problem import Dispersion, Scheme, Sorption, Species, TransportProblem
from models.water.transport.limiter import CODES
from tests.support.water_uniform import carried, uniform_field


@pytest.mark.parametrize("scheme", list(CODES))
@pytest.mark.parametrize("cross_terms", [True, False])
def test_one_substep(scheme: Scheme, *, cross_terms: bool) -> None:
    grid = regular_grid((3, 6, 7), dx_m=3.0, dy_m=2.0, thickness_m=np.array([1.0, 0.5, 2.0]))
    start = np.random.default_rng(3).uniform(0.0, 1.0, (1, *grid.shape))
    problem = TransportProblem(
        species=[Species(id="a", sorption=Sorption(kind="langmuir", s_max_kg_kg=1e-4, kl_m3_kg=2.0))],
        dispersion=Dispersion(
            longitudinal_m=1.0,
            transverse_horizontal_m=0.1,
            transverse_vertical_m=0.02,
            cross_terms=cross_terms,
        ),
        scheme=scheme,
        start_conc_kg_m3=start,
    )
    field = uniform_field(grid, (2e-6, -1e-6, 3e-7), 0.5 * np.ones(grid.shape))
    one, two = (
        carried(grid, 0.3, problem, field, 2000.0, 1, kernel=kernel)[0].mobile_kg
        for kernel in ("numba", "numpy")
    )
    assert np.allclose(one, two, rtol=1e-12, atol=1e-15)
    assert not np.allclose(one, carried(grid, 0.3, problem, field, 1.0, 1)[0].mobile_kg, rtol=1e-6)
