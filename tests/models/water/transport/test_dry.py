"""Cells without water: no concentration there, and where mass that is put into them goes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from models.water.grid import regular_grid
from models.water.problem import Dispersion, MassSource, Species, TransportProblem
from models.water.result import FlowField
from models.water.transport.solver import TransportSolver
from twin.core.geometry import FloatArray

DAY_S = 86_400.0
GRID = regular_grid((3, 1, 4), dx_m=10.0, dy_m=10.0, thickness_m=5.0)


def still(start: FloatArray, end: FloatArray) -> FlowField:
    """Water at rest at two saturations; a step with storage where they differ."""
    none = np.zeros(GRID.shape)
    return FlowField(
        right_m3_s=none,
        front_m3_s=none,
        lower_m3_s=none,
        saturation_start=start,
        saturation_end=end,
        storage_m3_s=none,
        packages=[],
        steady=True,
    )


def saturated(*layers: float) -> FloatArray:
    return np.broadcast_to(np.array(layers)[:, None, None], GRID.shape).copy()


def leak(layer: int = 0) -> TransportProblem:
    return TransportProblem(
        species=[Species(id="a")],
        dispersion=Dispersion(),
        sources=[MassSource(cells=np.array([[layer, 0, 2]]), rate_kg_s=np.array([[1e-7]]), name="leak")],
    )


@pytest.mark.parametrize(("layers", "lands"), [((0.0, 0.5, 1.0), 1), ((0.0, 0.0, 1.0), 2)])
def test_a_leak_above_the_table_reaches_the_water_below(layers: tuple[float, ...], lands: int) -> None:
    solver = TransportSolver(GRID, 0.2, leak())
    wet = saturated(*layers)
    _, step = solver.step(solver.start(), still(wet, wet), DAY_S, 0.0)
    held = 1e-7 * DAY_S
    assert step.conc_kg_m3[0, lands, 0, 2] == pytest.approx(held / (500.0 * 0.2 * layers[lands]))
    assert step.mass_kg[0] == pytest.approx(held)
    assert step.balance_error <= 1e-12
    assert np.isnan(step.conc_kg_m3[0, :lands]).all()
    assert np.isfinite(step.conc_kg_m3[0, lands:]).all()
    assert any("leak" in note and "below" in note for note in step.notes)


def test_a_leak_over_a_dry_column_waits_for_the_water() -> None:
    solver = TransportSolver(GRID, 0.2, leak(2))
    wet, dry = saturated(1.0, 1.0, 1.0), saturated(1.0, 1.0, 0.0)
    state, step = solver.step(solver.start(), still(dry, dry), DAY_S, 0.0)
    assert np.isnan(step.conc_kg_m3[0, 2]).all()
    assert np.nanmax(step.conc_kg_m3) == 0.0
    assert step.mass_kg[0] == pytest.approx(1e-7 * DAY_S)
    assert step.balance_error <= 1e-12
    assert any("waits" in note for note in step.notes)
    later, after = solver.step(replace(state, conc_kg_m3=state.conc_kg_m3), still(wet, wet), DAY_S, DAY_S)
    assert later.dry_kg.sum() == 0.0
    assert after.conc_kg_m3[0, 2, 0, 2] == pytest.approx(2e-7 * DAY_S / (500.0 * 0.2))
    assert not any("waits" in note for note in after.notes)


def test_a_field_that_does_not_close_is_told_of() -> None:
    full = saturated(1.0, 1.0, 1.0)
    gaining = np.zeros(GRID.shape)
    gaining[1, 0, :3] = (1e-6, 3e-6, 1e-6)
    problem = replace(leak(), start_conc_kg_m3=np.ones((1, *GRID.shape)))
    solver = TransportSolver(GRID, 0.2, problem)
    _, step = solver.step(solver.start(), replace(still(full, full), right_m3_s=gaining), DAY_S, 0.0)
    assert step.balance_error > 1e-6
    assert any("does not close in 4 cells" in note and "(1, 0, 1)" in note for note in step.notes)
    _, closed = solver.step(solver.start(), still(full, full), DAY_S, 0.0)
    assert closed.balance_error <= 1e-12
    assert not closed.notes
