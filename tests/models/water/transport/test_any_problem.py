"""Whatever is asked: nothing is lost, nothing falls below zero, both kernels say the same."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.water.grid import Grid
from models.water.problem import (
    Dispersion,
    DualDomain,
    FixedConcentration,
    MassSource,
    Sorption,
    Species,
    TransportProblem,
)
from models.water.result import CellFlow, FlowField
from models.water.transport.solver import TransportOptions, TransportSolver
from twin.core.geometry import FloatArray

DAY_S = 86_400.0
SORPTIONS = (
    None,
    Sorption(kd_m3_kg=2e-4),
    Sorption(kind="freundlich", kf=3e-4, exponent=0.7),
    Sorption(kind="freundlich", kf=3e-4, exponent=1.4),
    Sorption(kind="langmuir", s_max_kg_kg=2e-5, kl_m3_kg=50.0),
    Sorption(kd_m3_kg=2e-4, rate_1_s=1e-6),
    Sorption(kind="langmuir", s_max_kg_kg=2e-5, kl_m3_kg=50.0, rate_1_s=1e-5),
)


def random_grid(rng: np.random.Generator) -> Grid:
    """Some cells of uneven widths, a few inactive, a few pinched out."""
    nl, nr, nc = (int(n) for n in rng.integers((1, 1, 2), (5, 7, 8)))
    domain = rng.choice(np.array([1, 0, -1], dtype=np.int8), size=(nl, nr, nc), p=[0.85, 0.08, 0.07])
    domain[0, 0, :2] = 1
    return Grid(
        dx_m=rng.uniform(2.0, 20.0, nc),
        dy_m=rng.uniform(2.0, 20.0, nr),
        top_m=rng.uniform(0.0, 1.0, (nr, nc)),
        bottom_m=-np.cumsum(rng.uniform(1.0, 6.0, (nl, nr, nc)), axis=0),
        domain=domain,
    )


def random_field(
    grid: Grid, rng: np.random.Generator, species: int, *, steady: bool, parched: bool = False
) -> FlowField:
    """Random flows through faces; wells, drains and evaporation close each cell up to what storage gives."""
    size = 2e-5 * rng.uniform(0.1, 1.0)
    active, shape = grid.active, grid.shape
    right, front, lower = (size * rng.standard_normal(shape) for _ in range(3))
    right[..., -1] = front[:, -1] = 0.0
    right[..., :-1] *= active[..., :-1] & active[..., 1:]
    front[:, :-1] *= active[:, :-1] & active[:, 1:]
    lower *= grid.below >= 0
    net = -right - front - lower
    net[..., 1:] += right[..., :-1]
    net[:, 1:] += front[:, :-1]
    k, i, j = np.nonzero(grid.below >= 0)
    np.add.at(net, (grid.below[k, i, j], i, j), lower[k, i, j])
    start = np.where(active, rng.uniform(0.5, 1.0, shape), 0.0)
    end = start if steady else np.where(active, np.clip(start + rng.uniform(-0.1, 0.1, shape), 0.3, 1.0), 0.0)
    if parched:
        start, end = _parched(start, rng), _parched(end, rng)
        end = start if steady else end
    bulk = grid.area_m2 * grid.thickness_m
    storage = np.where(active, -0.15 * bulk * (end - start) / DAY_S, 0.0)
    left = np.where(active, -(net + storage), 0.0).ravel()
    cells = np.flatnonzero(active)
    dries = rng.random(len(cells)) < (0.0 if parched else 0.3)
    packages = [
        CellFlow(
            name="wel",
            cells=cells[~dries],
            flow_m3_s=left[cells[~dries]],
            conc_kg_m3=rng.uniform(0.0, 0.1, (int((~dries).sum()), species)),
        ),
        CellFlow(name="evt", cells=cells[dries], flow_m3_s=left[cells[dries]], takes_mass=False),
    ]
    return FlowField(
        right_m3_s=right,
        front_m3_s=front,
        lower_m3_s=lower,
        saturation_start=start,
        saturation_end=end,
        storage_m3_s=storage,
        packages=packages,
        steady=steady,
    )


def _parched(saturation: FloatArray, rng: np.random.Generator) -> FloatArray:
    """The same with a quarter of the cells dry or nearly so."""
    return np.asarray(
        saturation * rng.choice([0.0, 1e-7, 1e-4, 1.0], saturation.shape, p=[0.1, 0.1, 0.1, 0.7])
    )


def random_problem(grid: Grid, rng: np.random.Generator, pick: Any) -> TransportProblem:
    """One to three species in a chain."""
    count = int(rng.integers(1, 4))
    cells = np.argwhere(grid.active)
    species = [
        Species(
            id=f"s{n}",
            sorption=SORPTIONS[int(rng.integers(len(SORPTIONS)))],
            decay_1_s=float(rng.choice([0.0, 1e-6, 1e-4])),
            decay_sorbed_1_s=float(rng.choice([0.0, 3e-7])),
            parent=f"s{n - 1}" if n and rng.random() < 0.7 else None,
            yield_kg_kg=0.8,
            dual=DualDomain(porosity=0.1, exchange_1_s=1e-7) if rng.random() < 0.3 else None,
        )
        for n in range(count)
    ]
    at = cells[rng.integers(len(cells), size=2)]
    return TransportProblem(
        species=species,
        dispersion=Dispersion(
            longitudinal_m=float(rng.choice([0.0, 1.0, 8.0])),
            transverse_horizontal_m=0.3,
            transverse_vertical_m=0.05,
            diffusion_m2_s=1e-9,
            cross_terms=bool(rng.integers(2)),
        ),
        scheme=pick,
        start_conc_kg_m3=rng.uniform(0.0, 0.05, (count, *grid.shape)) * (rng.random() < 0.5),
        sources=[MassSource(cells=at[:1], rate_kg_s=np.full((1, count), 1e-7), start_s=0.3 * DAY_S)],
        fixed=[FixedConcentration(cells=at[1:], conc_kg_m3=np.full((1, count), 0.02), end_s=1.2 * DAY_S)],
    )


def lowest(conc: FloatArray) -> float:
    return float(np.nanmin(conc)) / max(float(np.nanmax(conc)), 1e-30)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    scheme=st.sampled_from(["koren", "superbee", "van_leer", "upstream"]),
    steady=st.booleans(),
)
def test_mass_is_kept_and_never_negative(seed: int, scheme: str, *, steady: bool) -> None:
    rng = np.random.default_rng(seed)
    grid = random_grid(rng)
    problem = random_problem(grid, rng, scheme)
    fields = [random_field(grid, rng, len(problem.species), steady=steady) for _ in range(2)]
    ends = []
    for kernel in ("numba", "numpy"):
        solver = TransportSolver(
            grid, 0.25, problem, kernel=kernel, options=TransportOptions(few_share=0.2, max_substeps=4)
        )
        state, time_s = solver.start(), 0.0
        for field in fields:
            state, step = solver.step(state, field, DAY_S, time_s)
            time_s += DAY_S
            assert step.balance_error <= 1e-10
            assert lowest(step.conc_kg_m3) >= -1e-9
            assert np.isfinite(step.conc_kg_m3[:, grid.active]).all()
            assert np.isnan(step.conc_kg_m3[:, ~grid.active]).all()
        ends.append(step)
    first, second = (np.nan_to_num(row.conc_kg_m3) for row in ends)
    assert np.allclose(first, second, rtol=1e-9, atol=1e-12 * first.max())
    assert np.allclose(ends[0].mass_kg, ends[1].mass_kg, rtol=1e-11)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), steady=st.booleans(), sorption=st.sampled_from(SORPTIONS[:2]))
@example(seed=6, sorption=None, steady=True)
@example(seed=9, sorption=None, steady=True)
@example(seed=31, sorption=None, steady=True)
def test_cells_that_fall_dry_keep_to_what_is_around(
    seed: int, sorption: Sorption | None, *, steady: bool
) -> None:
    rng = np.random.default_rng(seed)
    grid = random_grid(rng)
    problem = TransportProblem(
        species=[Species(id="a", sorption=sorption)],
        dispersion=Dispersion(
            longitudinal_m=20.0, transverse_horizontal_m=0.3, transverse_vertical_m=0.05, diffusion_m2_s=1e-9
        ),
        start_conc_kg_m3=rng.choice([0.0, 0.1], (1, *grid.shape), p=[0.8, 0.2]),  # edges as sharp as can be
    )
    solver = TransportSolver(grid, 0.25, problem)
    for _ in range(2):
        field = random_field(grid, rng, 1, steady=steady, parched=True)
        _, step = solver.step(solver.start(), field, DAY_S, 0.0)
        wet = grid.active & (field.saturation_end > 0.0)
        assert step.balance_error <= 1e-10
        assert np.array_equal(np.isfinite(step.conc_kg_m3[0]), wet)
        assert (step.conc_kg_m3[0, wet] >= -1e-12).all()
        assert (step.conc_kg_m3[0, wet] <= 0.1 * (1.0 + 1e-9)).all()
