"""Leaks, spills, failed tanks and broken pipes against closed forms, and what they keep."""

from __future__ import annotations

from math import pi, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.water.measures.release import (
    GRAVITY_M_S2,
    dissolving_pool,
    orifice_m3_s,
    pipe_break,
    plug_lag_s,
    spill,
    steady_leak,
    tank_failure,
    tank_leak,
)
from twin.core.errors import BadRequestError


def test_torricelli_empties_a_tank_in_its_time() -> None:
    # t = S / (Cd A) sqrt(2 h / g)
    found = tank_leak(conc_kg_m3=[100.0], hole_diameter_m=0.01, level_m=4.0, section_m2=10.0)
    area = pi / 4 * 0.01**2
    assert found.times_s[-1] == pytest.approx(10.0 / (0.61 * area) * sqrt(2 * 4.0 / GRAVITY_M_S2))
    assert found.volume_m3 == pytest.approx(40.0)
    assert found.mass_kg == pytest.approx([4000.0])
    assert found.rate_m3_s[0] == pytest.approx(orifice_m3_s(area, 4.0), rel=0.03)
    assert np.all(np.diff(found.rate_m3_s) < 0.0)


def test_a_hole_that_is_closed_keeps_the_rest() -> None:
    whole = tank_leak(conc_kg_m3=[1.0], hole_diameter_m=0.01, level_m=4.0, section_m2=10.0)
    stopped = tank_leak(
        conc_kg_m3=[1.0],
        hole_diameter_m=0.01,
        level_m=4.0,
        section_m2=10.0,
        stopped_after_s=0.5 * float(whole.times_s[-1]),
    )
    # The level falls with the square of the time left: three quarters are out after half of it.
    assert stopped.volume_m3 == pytest.approx(30.0)
    assert stopped.lost_m3 == pytest.approx(10.0)


@given(
    hole=st.floats(0.001, 0.2),
    level=st.floats(0.1, 20.0),
    section=st.floats(0.5, 500.0),
    stopped=st.floats(1.0, 1e6),
)
@settings(max_examples=40, deadline=None)
def test_a_leak_never_gives_more_than_the_tank_holds(
    hole: float, level: float, section: float, stopped: float
) -> None:
    found = tank_leak(
        conc_kg_m3=[1.0], hole_diameter_m=hole, level_m=level, section_m2=section, stopped_after_s=stopped
    )
    assert found.volume_m3 + found.lost_m3 == pytest.approx(level * section, rel=1e-6)
    assert np.all(found.rate_m3_s >= 0.0)


def test_a_pipe_runs_until_it_is_isolated_and_then_empties() -> None:
    found = pipe_break(
        conc_kg_m3=[50.0, 1.0],
        hole_diameter_m=0.02,
        pressure_pa=4e5,
        density_kg_m3=1000.0,
        isolated_after_s=600.0,
        contents_m3=3.0,
    )
    rate = 0.61 * pi / 4 * 0.02**2 * sqrt(2 * 4e5 / 1000.0)
    assert found.rate_m3_s == pytest.approx([rate, 3.0 / 3600.0])
    assert found.mass_kg == pytest.approx((600.0 * rate + 3.0) * np.array([50.0, 1.0]))
    weak = pipe_break(
        conc_kg_m3=[1.0],
        hole_diameter_m=0.5,
        pressure_pa=4e5,
        density_kg_m3=1000.0,
        isolated_after_s=600.0,
        delivery_m3_s=0.01,
    )
    assert weak.rate_m3_s == pytest.approx([0.01])


def test_a_spill_seeps_in_while_some_evaporates() -> None:
    found = spill(conc_kg_m3=[10.0], volume_m3=5.0, area_m2=100.0, soil_k_m_s=1e-5, recovered_fraction=0.2)
    assert found.volume_m3 == pytest.approx(4.0)
    assert found.times_s[-1] == pytest.approx(0.04 / 1e-5)
    dry = spill(conc_kg_m3=[10.0], volume_m3=5.0, area_m2=100.0, soil_k_m_s=1e-5, evaporation_m_s=1e-5)
    assert dry.volume_m3 == pytest.approx(2.5)
    assert dry.lost_m3 == pytest.approx(2.5)


def test_a_failed_tank_fills_its_bund_and_overtops_it() -> None:
    held = tank_failure(
        conc_kg_m3=[1.0], volume_m3=50.0, bund_area_m2=100.0, bund_k_m_s=1e-7, emptied_after_s=86_400.0
    )
    assert held.volume_m3 == pytest.approx(100.0 * 1e-7 * 86_400.0)
    assert held.volume_m3 + held.lost_m3 == pytest.approx(50.0)
    over = tank_failure(
        conc_kg_m3=[1.0],
        volume_m3=150.0,
        bund_area_m2=100.0,
        bund_k_m_s=1e-7,
        bund_height_m=1.0,
        soil_k_m_s=1e-5,
        emptied_after_s=86_400.0,
    )
    assert over.volume_m3 + over.lost_m3 == pytest.approx(150.0)
    assert over.volume_m3 > 50.0


def test_pieces_carry_their_mass_into_the_model() -> None:
    found = tank_leak(conc_kg_m3=[2.0], hole_diameter_m=0.01, level_m=1.0, section_m2=1.0)
    cells = np.array([[0, 1, 2], [0, 1, 3]])
    rows = found.delayed(1000.0).mass_sources(cells, start_s=500.0)
    put = sum(float(row.rate_kg_s.sum()) * (row.end_s - row.start_s) for row in rows)
    assert put == pytest.approx(float(found.mass_kg[0]))
    assert rows[0].start_s == 1500.0
    well = found.wells(cells, 0)
    assert well.rate_m3_s.sum() == pytest.approx(found.rate_m3_s[0])
    assert well.conc_kg_m3.shape == (2, 1)  # type: ignore[union-attr]


def test_plug_flow_and_pools() -> None:
    assert plug_lag_s(depth_m=3.0, water_content=0.2, flux_m_s=1e-8) == pytest.approx(6e7)
    rate, lasts = dissolving_pool(
        mass_kg=100.0, solubility_kg_m3=1.28, width_m=5.0, depth_m=0.5, flux_m_s=1e-6
    )
    assert rate == pytest.approx(3.2e-6)
    assert rate * lasts == pytest.approx(100.0)


def test_what_cannot_be_is_refused_with_field_and_value() -> None:
    with pytest.raises(BadRequestError, match="hole_diameter_m: -1"):
        tank_leak(conc_kg_m3=[1.0], hole_diameter_m=-1.0, level_m=1.0, section_m2=1.0)
    with pytest.raises(BadRequestError, match="conc_kg_m3"):
        steady_leak(conc_kg_m3=[float("nan")], rate_m3_s=1.0, duration_s=1.0)
    with pytest.raises(BadRequestError, match="recovered_fraction: 1.5"):
        spill(conc_kg_m3=[1.0], volume_m3=1.0, area_m2=1.0, soil_k_m_s=1.0, recovered_fraction=1.5)
    with pytest.raises(BadRequestError, match="water_content: 0"):
        plug_lag_s(depth_m=1.0, water_content=0.0, flux_m_s=1.0)
