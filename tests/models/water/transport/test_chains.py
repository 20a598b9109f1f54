"""Decay chains against the exponential of their matrix; exchange too fast to be followed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import expm

from models.water.grid import regular_grid
from models.water.problem import Dispersion, DualDomain, Sorption, Species, TransportProblem
from tests.support.water_uniform import carried, ogata_banks, uniform_field
from twin.core.geometry import FloatArray

RATES_1_S = (1e-5, 3e-5, 1e-5, 2e-6)  # two alike on purpose
SPAN_S = 3e5
POROSITY = 0.3
DENSITY = 1600.0


def batch(kds: tuple[float, ...], sorbed: tuple[float, ...], steps: int) -> tuple[FloatArray, FloatArray]:
    """Masses of a chain in still water after the span: ours, and those of the exponential."""
    grid = regular_grid((1, 1, 2), dx_m=1.0, dy_m=1.0, thickness_m=1.0)
    species = [
        Species(
            id=str(n),
            decay_1_s=rate,
            decay_sorbed_1_s=sorbed[n],
            sorption=Sorption(kd_m3_kg=kds[n], bulk_density_kg_m3=DENSITY) if kds[n] else None,
            parent=str(n - 1) if n else None,
            yield_kg_kg=0.7,
        )
        for n, rate in enumerate(RATES_1_S)
    ]
    start = np.zeros((4, *grid.shape))
    start[:2] = 1.0
    problem = TransportProblem(species=species, dispersion=Dispersion(), start_conc_kg_m3=start)
    field = uniform_field(grid, (0.0, 0.0, 0.0))
    _, done = carried(grid, POROSITY, problem, field, SPAN_S / steps, steps)
    assert done[-1].balance_error <= 1e-12
    retard = np.array([1.0 + DENSITY * kd / POROSITY for kd in kds])
    mean = np.array(RATES_1_S) / retard + np.array(sorbed) * (1.0 - 1.0 / retard)
    matrix = np.diag(-mean) + np.diag(0.7 * mean[:3], -1)
    first = 2.0 * POROSITY * np.array([retard[0], retard[1], 0.0, 0.0])
    return done[-1].mass_kg, np.asarray(expm(matrix * SPAN_S) @ first)


@pytest.mark.parametrize("steps", [1, 3, 10])
@pytest.mark.parametrize("kds", [(0.0, 0.0, 0.0, 0.0), (0.0, 2e-4, 5e-5, 1e-3)])
@pytest.mark.parametrize("sorbed", [RATES_1_S, (0.0, 0.0, 4e-6, 0.0)])
def test_chains_are_exact(steps: int, kds: tuple[float, ...], sorbed: tuple[float, ...]) -> None:
    ours, exact = batch(kds, sorbed, steps)
    assert ours == pytest.approx(exact, rel=1e-9)


def test_very_fast_members_stay_exact() -> None:
    grid = regular_grid((1, 1, 2), dx_m=1.0, dy_m=1.0, thickness_m=1.0)
    species = [Species(id="a", decay_1_s=1.0), Species(id="b", decay_1_s=1e-6, parent="a")]
    start = np.zeros((2, *grid.shape))
    start[0] = 1.0
    problem = TransportProblem(species=species, dispersion=Dispersion(), start_conc_kg_m3=start)
    _, done = carried(grid, POROSITY, problem, uniform_field(grid, (0.0, 0.0, 0.0)), 1e6, 1)
    exact = 2.0 * POROSITY * np.exp(-1.0) / (1.0 - 1e-6)
    assert done[-1].mass_kg[1] == pytest.approx(exact, rel=1e-8)
    assert done[-1].mass_kg[0] == 0.0


FAST = (
    Species(id="a", dual=DualDomain(porosity=0.2, exchange_1_s=1e-3)),
    Species(id="a", sorption=Sorption(bulk_density_kg_m3=1000.0, kd_m3_kg=2e-4, rate_1_s=1e-2)),
    Species(
        id="a",
        sorption=Sorption(bulk_density_kg_m3=1000.0, kd_m3_kg=1e-4, rate_1_s=1e-2),
        dual=DualDomain(porosity=0.1, exchange_1_s=1e-3),
    ),
)


@pytest.mark.parametrize("species", FAST, ids=["immobile water", "solids", "both"])
@pytest.mark.parametrize("kernel", ["numba", "numpy"])
def test_exchange_too_fast_to_follow_is_equilibrium(species: Species, kernel: str) -> None:
    grid = regular_grid((1, 1, 100), dx_m=1.0, dy_m=1.0, thickness_m=1.0)
    even = Species(id="a", sorption=Sorption(bulk_density_kg_m3=1000.0, kd_m3_kg=2e-4))
    field = uniform_field(grid, (1e-6, 0.0, 0.0), np.ones(grid.shape))
    last = []
    for row in (even, species):
        problem = TransportProblem(species=[row], dispersion=Dispersion(longitudinal_m=1.0))
        _, done = carried(grid, 0.2, problem, field, 8e5, 20, kernel=kernel)
        assert done[-1].balance_error <= 1e-10
        last.append(done[-1].conc_kg_m3.ravel())
    assert np.abs(last[1] - last[0]).max() <= 1e-3
    far = np.s_[20:]  # away from the inlet, where the boundary of the closed form is another
    exact = ogata_banks(grid.x_m, 1.6e7, 5e-6, 5e-6, r=2.0)
    assert np.abs(last[1] - exact)[far].max() <= 0.06
