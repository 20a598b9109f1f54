"""Vessels that empty: closed forms of blow-down and of a draining tank."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.air.source.fluid import vapour_density_kg_m3
from models.air.source.orifice import G_M_S2, gas_throat
from models.air.source.vessel import Form, Opening, Vessel, bins, gas_course, liquid_course
from models.substances.table import substance
from twin.core.errors import SolverError

ATM = 101_325.0


@pytest.mark.parametrize("form", list(Form))
@given(part=st.floats(0.001, 0.999))
@settings(deadline=None, max_examples=20)
def test_level_and_volume_are_each_others_inverse(form: Form, part: float) -> None:
    vessel = Vessel(volume_m3=20.0, height_m=2.5, form=form)
    level = vessel.level_m(part * 20.0)
    assert vessel.liquid_m3(level) == pytest.approx(part * 20.0, rel=1e-6)
    assert vessel.level_m(10.0) == pytest.approx(1.25, rel=1e-6)


def test_choked_blow_down_follows_its_closed_form() -> None:
    """p / p0 = (1 + (g - 1) / 2 t / tau)^(-2 g / (g - 1)), tau = m0 / rate0 (Crowl & Louvar; TNO 2.5.2.2)."""
    row = substance("methane")
    vessel, opening = Vessel(volume_m3=5.0, height_m=2.0), Opening(diameter_m=0.02)
    course = gas_course(row, vessel, opening, 300.0, 40e5, ATM, 3600.0)
    g = row.gamma(300.0)
    whole_kg = _mass(row.id, 40e5, 300.0, 5.0)
    tau = whole_kg / course[0].rate_kg_s
    for moment in course[: len(course) // 2]:
        if not moment.throat.choked:
            break
        left = (1.0 + 0.5 * (g - 1.0) * moment.time_s / tau) ** (-2.0 / (g - 1.0))
        assert 1.0 - moment.discharged_kg / whole_kg == pytest.approx(left, rel=0.02)


def _mass(name: str, pressure_pa: float, temperature_k: float, volume_m3: float) -> float:
    return vapour_density_kg_m3(substance(name), temperature_k, pressure_pa) * volume_m3


def test_blow_down_ends_at_the_pressure_outside() -> None:
    row = substance("co")
    course = gas_course(
        row, Vessel(volume_m3=1.0, height_m=1.0), Opening(diameter_m=0.05), 300.0, 8e5, ATM, 1e4
    )
    g = row.gamma(300.0)
    left = 1.0 - course[-1].discharged_kg / _mass("co", 8e5, 300.0, 1.0)
    assert left == pytest.approx((ATM / 8e5) ** (1.0 / g), rel=0.01)
    assert not course[-1].throat.choked
    assert course[-1].throat.temperature_k < 200.0


def test_an_upright_tank_drains_as_torricelli_says() -> None:
    """The root of the level falls linearly in time."""
    row = substance("methanol")
    vessel, opening = Vessel(volume_m3=10.0, height_m=4.0), Opening(diameter_m=0.05)
    course = liquid_course(row, vessel, opening, 293.15, ATM, 0.9, ATM, 1e5)
    slope = 0.61 * opening.area_m2 * math.sqrt(G_M_S2 / 2.0) / 2.5
    density = float(row.liquid_density_kg_m3(293.15))
    for moment in course[:: len(course) // 8]:
        level = 3.6 - moment.discharged_kg / density / 2.5
        assert math.sqrt(max(level, 0.0)) == pytest.approx(math.sqrt(3.6) - slope * moment.time_s, abs=0.02)


def test_liquid_above_the_hole_leaves_and_what_is_below_stays() -> None:
    row = substance("methanol")
    vessel = Vessel(volume_m3=10.0, height_m=4.0)
    course = liquid_course(row, vessel, Opening(diameter_m=0.1, height_m=1.0), 293.15, ATM, 0.9, ATM, 1e5)
    density = float(row.liquid_density_kg_m3(293.15))
    assert course[-1].discharged_kg == pytest.approx((3.6 - 1.0) * 2.5 * density, rel=2e-3)


def test_a_liquefied_gas_cools_as_it_leaves_and_a_hole_in_the_roof_cools_it_more() -> None:
    row, vessel = substance("cl2"), Vessel(volume_m3=10.0, height_m=2.5)
    low = liquid_course(row, vessel, Opening(diameter_m=0.03), 293.15, None, 0.8, ATM, 600.0)
    high = liquid_course(row, vessel, Opening(diameter_m=0.03, height_m=2.5), 293.15, None, 0.8, ATM, 600.0)
    assert low[0].phase == "liquid"
    assert high[0].phase == "gas"
    assert high[0].rate_kg_s == pytest.approx(
        Opening(diameter_m=0.03).area_m2
        * gas_throat(row, 293.15, float(row.vapour_pressure_pa(293.15)), ATM).flux_kg_m2_s,
        rel=1e-9,
    )
    assert high[-1].rate_kg_s < high[0].rate_kg_s
    assert low[-1].throat.temperature_k < 293.15


def test_bins_hold_equal_masses() -> None:
    row = substance("cl2")
    course = gas_course(
        row, Vessel(volume_m3=5.0, height_m=2.0), Opening(diameter_m=0.02), 300.0, 5e5, ATM, 3600.0
    )
    bounds = bins(course, 10)
    masses = np.interp(bounds, [m.time_s for m in course], [m.discharged_kg for m in course])
    assert np.allclose(np.diff(masses), masses[-1] / 10)
    assert np.all(np.diff(bounds) > 0.0)


def test_no_time_is_an_error() -> None:
    with pytest.raises(SolverError, match="duration_s is 0"):
        gas_course(
            substance("cl2"),
            Vessel(volume_m3=1.0, height_m=1.0),
            Opening(diameter_m=0.1),
            300.0,
            5e5,
            ATM,
            0.0,
        )
