from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.air.dense.hf import HfEquilibrium, activities, association_factor, equilibrium_constant
from models.air.dense.table import mixture_table
from models.air.dense.thermo import water
from models.substances.table import substance
from models.term import Ambient

TORR = 101_325.0 / 760.0
AIR = Ambient(
    wind_speed_m_s=5.0,
    wind_height_m=10.0,
    towards_deg=90.0,
    roughness_m=0.03,
    friction_velocity_m_s=0.34,
    inverse_obukhov_1_m=0.0,
    temperature_k=298.15,
    relative_humidity_fraction=0.0,
)


def over_acid(mass_fraction, t_k):
    """Partial pressures of HF (single) and of water over an acid, and with the rings the total, torr."""
    x = mass_fraction / 20.006 / (mass_fraction / 20.006 + (1 - mass_fraction) / 18.015)
    phases = HfEquilibrium(pressure_pa=101_325.0)
    single, damp = (float(v[0]) / TORR for v in phases._over(np.array([x]), np.array([t_k])))
    ring = float(equilibrium_constant(6, 43.65, 8910.0, np.array([t_k]))[0]) * (single * TORR) ** 6 / TORR
    return single, damp, single + damp + ring


def at(table, values, mole_fraction):
    return float(np.interp(mole_fraction, table.mole_fraction, values))


def test_saturated_vapour_associates_as_measured():
    assert 3.2 <= association_factor(292.67, 101_325.0) <= 3.5


def test_association_solves_its_own_law_and_goes_away_with_heat_and_dilution():
    # a second path: the root of p1 + p6 = P by bisection, in torr
    low, high = 0.0, 760.0
    k = 10.0 ** (-43.65 + 8910.0 / 292.67)
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if middle + k * middle**6 < 760.0 else (low, middle)
    ring = k * low**6
    assert association_factor(292.67, 101_325.0) == pytest.approx((low + 6 * ring) / (low + ring), rel=1e-9)
    assert association_factor(360.0, 101_325.0) == pytest.approx(1.0, abs=1e-2)
    assert association_factor(292.67, 1_000.0) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("liquid", [0.0, 0.85])
def test_mixture_with_dry_air_is_denser_than_air(liquid):
    table = mixture_table("hf", 292.67, liquid, AIR)
    rich = table.mole_fraction >= 0.01
    assert np.all(table.density_kg_m3[rich] > 1.01 * table.ambient_density_kg_m3)


def test_densities_of_vapour_in_dry_air_at_298_k():
    table = mixture_table("hf", 292.67, 0.0, AIR)
    for x, ratio, kelvin in ((0.5, 1.38, 270.0), (0.1, 1.16, 258.0), (0.01, 1.02, 290.0)):
        assert at(table, table.density_kg_m3, x) / table.ambient_density_kg_m3 == pytest.approx(
            ratio, rel=0.02
        )
        assert at(table, table.temperature_k, x) == pytest.approx(kelvin, abs=1.0)


def test_moist_air_makes_a_warmer_cloud_because_fog_frees_heat():
    dry = mixture_table("hf", 292.67, 0.0, AIR)
    moist = mixture_table("hf", 292.67, 0.0, replace(AIR, relative_humidity_fraction=0.7))
    for x in (0.01, 0.03, 0.1, 0.3):
        assert at(moist, moist.temperature_k, x) > at(dry, dry.temperature_k, x) + 1.0
        assert at(moist, moist.fog_fraction, x) > 1e-3
    assert dry.fog_fraction.max() == 0.0


def test_heat_of_vaporisation_follows_from_vapour_pressure_and_association():
    phases = HfEquilibrium(pressure_pa=101_325.0)
    gas, liquid = (phases.source_enthalpy_j_kg(292.67, f, 1.0, 0.0) for f in (0.0, 1.0))
    table = float(substance("hf").vaporisation_j_kg(292.67))  # calorimetry, not used by the model
    assert gas - liquid == pytest.approx(table, rel=0.06)


def test_the_liquid_keeps_the_vapour_pressure_of_the_table_around_ambient_temperatures():
    for t_k in (260.0, 280.0, 310.0):
        assert over_acid(1.0 - 1e-9, t_k)[2] * TORR == pytest.approx(
            float(substance("hf").vapour_pressure_pa(t_k)), rel=0.02
        )


def test_acid_boils_and_dissolves_as_published():
    # azeotrope 38.2 % by mass at 112.0 C: vapour and liquid of one composition, 1 atm
    single, damp, total = over_acid(0.382, 385.15)
    assert total == pytest.approx(760.0, rel=0.02)
    assert single / (single + damp) == pytest.approx(0.358, abs=0.02)
    # not used in the fit: 70 % boils at 66.4 C; 49 % has some 27 torr at 25 C; Henry's constant at 25 C
    assert over_acid(0.70, 339.55)[2] == pytest.approx(760.0, rel=0.12)
    assert over_acid(0.49, 298.15)[2] == pytest.approx(27.0, rel=0.15)
    molal = 1e-4 * 1000.0 / 20.006
    assert molal / (over_acid(1e-4, 298.15)[0] / 760.0) == pytest.approx(14_130.0, rel=0.3)


@settings(deadline=None, max_examples=30)
@given(x=st.floats(0.02, 0.98), t_k=st.floats(230.0, 380.0))
def test_activities_keep_the_equation_of_gibbs_and_duhem(x, t_k):
    step = 1e-5
    a, b = (activities(np.array([x + s]), np.array([t_k])) for s in (-step, step))
    slopes = [np.log(b[k] / a[k])[0] / (2 * step) for k in (0, 1)]
    assert x * slopes[0] + (1 - x) * slopes[1] == pytest.approx(0.0, abs=1e-5 * max(abs(slopes[0]), 1.0))


def test_fog_takes_water_out_of_the_air_at_once_in_equilibrium():
    table = mixture_table("hf", 292.67, 0.0, replace(AIR, relative_humidity_fraction=0.5))
    i = int(np.searchsorted(table.mole_fraction, 0.02))
    phases = HfEquilibrium(pressure_pa=101_325.0)
    t, m = table.temperature_k[i : i + 1], table.mass_fraction[i : i + 1]
    w = (1.0 - m) * 0.0098
    state = phases.at(t, m, w)
    acid, drop = state.liquid / phases.molar_mass_kg_mol, state.liquid_water / water().molar_mass_kg_mol
    x = acid / (acid + drop)
    single, damp = phases._over(x, t)
    # what is left in the gas is at the pressures over the drops
    gas = (w[0] - state.liquid_water[0]) / water().molar_mass_kg_mol
    assert gas / state.gas_mol[0] * 101_325.0 == pytest.approx(float(damp[0]), rel=1e-6)
    assert float(single[0]) > 0.0
