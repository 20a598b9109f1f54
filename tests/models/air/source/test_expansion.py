"""Jets at ambient pressure keep momentum and enthalpy; rules of rain-out."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.air.source.expansion import expand, kletz_rain_out, largest_drop_m, mixture_density_kg_m3
from models.air.source.fluid import flash_fraction, gas_heat_j_kg, liquid_heat_j_kg
from models.air.source.orifice import gas_throat, liquid_throat, two_phase_throat
from models.substances.table import substance

ATM = 101_325.0
AREA = 1e-3


@given(pressure=st.floats(3e5, 3e6), warm=st.floats(260.0, 340.0))
@settings(deadline=None, max_examples=25)
def test_a_gas_jet_keeps_momentum_and_enthalpy(pressure: float, warm: float) -> None:
    row = substance("methane")
    throat = gas_throat(row, warm, pressure, ATM)
    rate = throat.flux_kg_m2_s * AREA
    jet = expand(row, throat, rate, ATM)
    thrust = rate * throat.speed_m_s + (throat.pressure_pa - ATM) * AREA
    assert rate * jet.speed_m_s == pytest.approx(thrust, rel=1e-12)
    gained = 0.5 * (jet.speed_m_s**2 - throat.speed_m_s**2)
    assert gas_heat_j_kg(row, jet.temperature_k, throat.temperature_k) == pytest.approx(gained, rel=1e-6)
    density = mixture_density_kg_m3(row, jet.temperature_k, 0.0, ATM)
    assert math.pi * jet.radius_m**2 * density * jet.speed_m_s == pytest.approx(rate, rel=1e-9)


def test_a_superheated_liquid_flashes_to_its_boiling_point() -> None:
    row = substance("cl2")
    p = float(row.vapour_pressure_pa(293.15))
    throat = liquid_throat(row, 293.15, p, 0.0, ATM)
    jet = expand(row, throat, throat.flux_kg_m2_s * AREA, ATM)
    assert jet.temperature_k == pytest.approx(239.1, abs=0.3)
    assert 1.0 - jet.liquid_fraction == pytest.approx(flash_fraction(row, 293.15, ATM), rel=1e-9)


def test_boiling_in_the_nozzle_ends_with_the_same_vapour_less_kinetic_energy() -> None:
    row = substance("cl2")
    p = float(row.vapour_pressure_pa(293.15))
    throat = two_phase_throat(row, 293.15, p, ATM)
    jet = expand(row, throat, throat.flux_kg_m2_s * AREA, ATM)
    latent = float(row.vaporisation_j_kg(jet.temperature_k))
    heat = liquid_heat_j_kg(row, jet.temperature_k, 293.15) - 0.5 * jet.speed_m_s**2
    assert (1.0 - jet.liquid_fraction) * latent == pytest.approx(heat, rel=0.08)


def test_cold_liquid_stays_liquid() -> None:
    row = substance("hf")
    jet = expand(row, liquid_throat(row, 283.15, 3e5, 0.0, ATM), 1.0, ATM)
    assert jet.liquid_fraction == 1.0
    assert jet.temperature_k == 283.15


def test_vapour_that_expands_below_its_boiling_point_condenses() -> None:
    row = substance("nh3")
    p = float(row.vapour_pressure_pa(293.15))
    throat = gas_throat(row, 293.15, p, ATM)
    jet = expand(row, throat, throat.flux_kg_m2_s * AREA, ATM)
    assert 0.0 < jet.liquid_fraction < 0.2
    assert jet.temperature_k == pytest.approx(239.8, abs=0.2)


@given(flash=st.floats(0.0, 1.0))
@settings(deadline=None, max_examples=20)
def test_kletz_keeps_as_much_liquid_up_as_has_flashed(flash: float) -> None:
    airborne_liquid = 1.0 - flash - kletz_rain_out(flash)
    assert airborne_liquid == pytest.approx(min(flash, 1.0 - flash))


def test_the_largest_drop_follows_the_weber_number() -> None:
    drop = largest_drop_m(0.02, 40.0)
    assert 1.2 * 40.0**2 * drop / 0.02 == pytest.approx(12.5)
    assert largest_drop_m(0.02, 80.0) == pytest.approx(drop / 4.0)
