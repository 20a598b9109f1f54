"""Flow through holes: limits, published formulas and worked examples."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.air.source.fluid import acentric, compressibility, flash_fraction, vapour_density_kg_m3
from models.air.source.orifice import (
    critical_ratio,
    gas_throat,
    liquid_throat,
    omega_critical_ratio,
    omega_flux_kg_m2_s,
    omega_parameter,
    two_phase_throat,
)
from models.substances.table import substance

ATM = 101_325.0
PSI = 6_894.757


def test_the_critical_ratio_of_air() -> None:
    assert critical_ratio(1.4) == pytest.approx(0.5283, abs=1e-4)


@pytest.mark.parametrize("name", ["cl2", "nh3", "co", "methane"])
def test_choked_flux_is_the_textbook_expression(name: str) -> None:
    """G = p sqrt(g M / (Z R T)) (2 / (g + 1))^((g + 1) / (2 (g - 1))) (API 520 part I; TNO 2.22)."""
    row, p, t = substance(name), 5e5, 290.0
    throat, g = gas_throat(row, t, p, ATM), row.gamma(t)
    rt = compressibility(row, t, p) * row.gas_constant_j_kg_k * t
    assert throat.choked
    expected = p * math.sqrt(g / rt) * (2 / (g + 1)) ** ((g + 1) / (2 * (g - 1)))
    assert throat.flux_kg_m2_s == pytest.approx(expected, rel=1e-12)
    assert throat.speed_m_s == pytest.approx(math.sqrt(g * rt * throat.temperature_k / t), rel=1e-9)


@given(back=st.floats(1.0, 4.9e5))
@settings(deadline=None, max_examples=40)
def test_a_lower_back_pressure_never_lets_less_out(back: float) -> None:
    row = substance("cl2")
    assert (
        gas_throat(row, 300.0, 5e5, back).flux_kg_m2_s
        >= gas_throat(row, 300.0, 5e5, back + 1e4).flux_kg_m2_s - 1e-9
    )


def test_no_difference_of_pressure_no_flow() -> None:
    assert gas_throat(substance("cl2"), 300.0, ATM, ATM).flux_kg_m2_s == 0.0


def test_benzene_line_of_a_textbook() -> None:
    """Crowl & Louvar, example of a 1/4-inch leak in a benzene line at 100 psig: 1.48 lb/s.

    Specific gravity 0.8794, factor 0.61; the number follows from their equation with the inputs given.
    """
    row = substance("benzene")
    throat = liquid_throat(row, 293.15, ATM + 100.0 * PSI, 0.0, ATM)
    rate = 0.61 * 0.25 * math.pi * (0.25 * 0.0254) ** 2 * throat.flux_kg_m2_s
    assert rate / 0.45359237 == pytest.approx(1.48, rel=0.01)


def test_torricelli() -> None:
    throat = liquid_throat(substance("methanol"), 293.15, ATM, 3.0, ATM)
    assert throat.speed_m_s == pytest.approx(math.sqrt(2 * 9.80665 * 3.0), rel=1e-12)


@given(omega=st.floats(3.0, 60.0))
@settings(deadline=None, max_examples=40)
def test_the_explicit_fit_of_leung_agrees(omega: float) -> None:
    """0.55 + 0.217 ln w - 0.046 ln^2 w + 0.004 ln^3 w (Leung 1986), good above w = 3."""
    x = math.log(omega)
    fit = 0.55 + 0.217 * x - 0.046 * x * x + 0.004 * x**3
    assert omega_critical_ratio(omega) == pytest.approx(fit, rel=0.015)


def test_omega_one_is_isothermal_flow_of_a_perfect_gas() -> None:
    """With w = 1 volume goes as 1/p: choking at exp(-1/2), flux exp(-1/2) sqrt(p/v)."""
    assert omega_critical_ratio(1.0) == pytest.approx(math.exp(-0.5), rel=1e-9)
    flux, throat = omega_flux_kg_m2_s(1.0, 4e5, 0.05, 1e5)
    assert throat == pytest.approx(4e5 * math.exp(-0.5), rel=1e-9)
    assert flux == pytest.approx(math.exp(-0.5) * math.sqrt(4e5 / 0.05), rel=1e-9)


@given(omega=st.floats(0.5, 50.0), back=st.floats(0.02, 0.98))
@settings(deadline=None, max_examples=40)
def test_omega_flux_is_largest_when_choked(omega: float, back: float) -> None:
    choked, _ = omega_flux_kg_m2_s(omega, 1e6, 0.002, 0.0)
    flux, throat = omega_flux_kg_m2_s(omega, 1e6, 0.002, back * 1e6)
    assert flux <= choked * (1 + 1e-9)
    assert throat >= back * 1e6 * (1 - 1e-9)


def test_omega_of_a_gas_without_boiling_is_its_void() -> None:
    omega = omega_parameter(
        vapour_fraction=1.0,
        volume_m3_kg=0.1,
        vapour_volume_m3_kg=0.1,
        liquid_volume_m3_kg=0.001,
        vaporisation_j_kg=1e12,
        liquid_cp_j_kg_k=1000.0,
        temperature_k=300.0,
        pressure_pa=5e5,
    )
    assert omega == pytest.approx(1.0, abs=1e-6)


def test_boiling_flow_lies_between_vapour_and_metastable_liquid() -> None:
    """Equilibrium flow of a saturated liquid: less than liquid that has no time to boil, more than gas."""
    for name in ("cl2", "nh3", "propane", "so2"):
        row = substance(name)
        p = float(row.vapour_pressure_pa(300.0))
        boiling = two_phase_throat(row, 300.0, p, ATM).flux_kg_m2_s
        assert boiling < liquid_throat(row, 300.0, p, 0.0, ATM).flux_kg_m2_s
        assert boiling > gas_throat(row, 300.0, p, ATM).flux_kg_m2_s


def test_pressure_over_the_vapour_pressure_adds_flow() -> None:
    row = substance("cl2")
    p = float(row.vapour_pressure_pa(293.15))
    saturated = two_phase_throat(row, 293.15, p, ATM).flux_kg_m2_s
    pushed = two_phase_throat(row, 293.15, p + 5e5, ATM).flux_kg_m2_s
    liquid = float(row.liquid_density_kg_m3(293.15))
    assert pushed**2 - saturated**2 == pytest.approx(2.0 * liquid * 5e5, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "at_k", "flash"),
    [("cl2", 293.15, 0.1807), ("nh3", 293.15, 0.1788), ("propane", 293.15, 0.3555), ("so2", 303.15, 0.1417)],
)
def test_flash_agrees_with_equations_of_state(name: str, at_k: float, flash: float) -> None:
    """Isenthalpic flash to 1 atm of saturated liquid by the reference equations of state (CoolProp 7)."""
    assert flash_fraction(substance(name), at_k, ATM) == pytest.approx(flash, rel=0.03)


def test_cold_liquid_does_not_flash_and_speed_takes_heat_away() -> None:
    row = substance("hf")
    assert flash_fraction(row, 288.15, ATM) == 0.0
    assert 0.0 < flash_fraction(row, 313.15, ATM) < 0.2
    assert flash_fraction(row, 313.15, ATM, speed_m_s=100.0) < flash_fraction(row, 313.15, ATM)


@pytest.mark.parametrize(
    ("name", "at_k", "z"), [("cl2", 293.15, 0.9023), ("nh3", 293.15, 0.8941), ("propane", 293.15, 0.8369)]
)
def test_compressibility_of_saturated_vapour(name: str, at_k: float, z: float) -> None:
    """Reference equations of state (CoolProp 7); Peng-Robinson is 3 per cent off for ammonia."""
    row = substance(name)
    assert compressibility(row, at_k, float(row.vapour_pressure_pa(at_k))) == pytest.approx(z, rel=0.04)


def test_dilute_gas_is_perfect_and_the_vapour_of_hf_is_not() -> None:
    assert compressibility(substance("cl2"), 300.0, 100.0) == pytest.approx(1.0, abs=1e-4)
    hf = substance("hf")
    assert 3.1 < vapour_density_kg_m3(hf, 292.7, ATM) / (ATM / (hf.gas_constant_j_kg_k * 292.7)) < 3.5


def test_acentric_factor_of_propane() -> None:
    assert acentric(substance("propane")) == pytest.approx(0.152, abs=0.004)
