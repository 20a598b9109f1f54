import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from models.air.dense.root import bracketed
from models.air.dense.table import mixture_table
from models.air.dense.thermo import saturation_of_water_pa, water_of_air
from models.substances.table import substance
from models.term import Ambient
from twin.core.errors import NotFoundError, SolverError

AIR = Ambient(
    wind_speed_m_s=5.0,
    wind_height_m=10.0,
    towards_deg=90.0,
    roughness_m=0.03,
    friction_velocity_m_s=0.34,
    inverse_obukhov_1_m=0.0,
    temperature_k=293.15,
    relative_humidity_fraction=0.5,
)


def by_hand(name, source_k, liquid, m, *, dry=False):
    """Density and temperature by another path: constant heat capacities, one bisection in scalars."""
    row, r, p = substance(name), 8.314462618, AIR.pressure_pa
    w0 = 0.0 if dry else water_of_air(AIR.temperature_k, AIR.relative_humidity_fraction, p)
    w, a = w0 * (1 - m), (1 - w0) * (1 - m)
    cp = float(row.gas_cp_j_kg_k(0.5 * (source_k + AIR.temperature_k)))
    latent = float(row.vaporisation_j_kg(source_k))
    start = m * (cp * (source_k - 298.15) - liquid * latent)
    start += (a * 1005.0 + w * 1850.0) * (AIR.temperature_k - 298.15)

    def phases(t):
        n_a, n_w, n_s = a / 0.0289647, w / 0.0180153, m / row.molar_mass_kg_mol
        gas_s, gas_w = n_s, n_w
        for _ in range(200):  # each takes its saturated share of what the other leaves
            share = min(float(row.vapour_pressure_pa(t)) / p, 0.999999)
            gas_s = min(n_s, share / (1 - share) * (n_a + gas_w))
            share = min(float(saturation_of_water_pa(t)) / p, 0.999999)
            gas_w = min(n_w, share / (1 - share) * (n_a + gas_s))
        drops, fog = (n_s - gas_s) * row.molar_mass_kg_mol, (n_w - gas_w) * 0.0180153
        heat = (m * cp + a * 1005.0 + w * 1850.0) * (t - 298.15)
        heat -= drops * float(row.vaporisation_j_kg(t)) + fog * (2.5e6 - 2400.0 * (t - 273.15))
        volume = (n_a + gas_s + gas_w) * r * t / p + drops / float(row.liquid_density_kg_m3(t))
        return heat, 1.0 / volume

    t = brentq(lambda v: phases(v)[0] - start, 150.0, 340.0, xtol=1e-9)
    return phases(t)[1], t


@pytest.mark.parametrize(
    ("name", "source_k", "liquid"),
    [
        ("cl2", 239.2, 0.0),
        ("cl2", 239.1, 0.8),
        ("nh3", 239.7, 0.82),
        ("so2", 263.2, 0.3),
        ("hcl", 188.2, 0.5),
    ],
)
@pytest.mark.parametrize("m", [0.001, 0.01, 0.05, 0.2, 0.5])
def test_densities_are_those_of_an_independent_path_within_two_per_cent(name, source_k, liquid, m):
    table = mixture_table(name, source_k, liquid, AIR)
    density, temperature = by_hand(name, source_k, liquid, m)
    assert float(table.density(m)) == pytest.approx(density, rel=0.02)
    assert float(table.temperature(m)) == pytest.approx(temperature, abs=2.0)


@settings(deadline=None, max_examples=25)
@given(
    name=st.sampled_from(["cl2", "nh3", "so2", "hcl", "hf"]),
    liquid=st.floats(0.0, 0.95),
    humidity=st.floats(0.0, 1.0),
    air=st.floats(0.0, 0.9),
)
def test_enthalpy_is_kept_along_the_line(name, liquid, humidity, air):
    boiling = substance(name).boiling_k
    table = mixture_table(name, boiling, liquid, replace(AIR, relative_humidity_fraction=humidity), air)
    h, m = table.enthalpy_j_kg, table.mass_fraction
    straight = h[0] + (h[-1] - h[0]) * m / m[-1]
    assert np.abs(h - straight).max() <= 1e-10 * np.abs(h).max()
    assert np.all(np.diff(table.conc_kg_m3) > 0.0)
    assert table.liquid_fraction.min() >= 0.0
    assert table.liquid_fraction.max() <= 1.0 + 1e-12
    assert np.all(table.fog_fraction <= 0.1)


def test_source_and_clean_air_are_the_ends():
    table = mixture_table("nh3", 239.72, 0.8, AIR)
    assert table.temperature_k[0] == pytest.approx(AIR.temperature_k, abs=1e-6)
    assert table.temperature_k[-1] == pytest.approx(239.72, abs=0.2)
    assert table.liquid_fraction[-1] == pytest.approx(0.8, abs=0.01)
    assert table.mole_fraction[-1] == 1.0
    damp = 0.5 * float(saturation_of_water_pa(AIR.temperature_k))
    molar = 0.0289647 - (0.0289647 - 0.0180153) * damp / AIR.pressure_pa
    ideal = AIR.pressure_pa * molar / (8.314462618 * AIR.temperature_k)
    assert table.ambient_density_kg_m3 == pytest.approx(ideal, rel=1e-9)


@settings(deadline=None, max_examples=40)
@given(part=st.floats(1e-9, 1.0))
def test_mass_fraction_and_concentration_are_inverse(part):
    table = mixture_table("nh3", 239.7, 0.5, AIR)
    conc = part * float(table.conc_kg_m3[-1])
    m = table.mass_fraction_of(conc)
    assert float(m * table.density(m)) == pytest.approx(conc, rel=1e-9)
    assert float(table.conc_of_ppm(table.ppm_of(conc))) == pytest.approx(conc, rel=1e-6)


def test_ppm_of_a_trace_is_the_ideal_gas_law():
    table = mixture_table("cl2", 239.2, 0.0, AIR)
    molar_volume = 8.314462618 * AIR.temperature_k / AIR.pressure_pa
    assert float(table.conc_of_ppm(10.0)) == pytest.approx(10e-6 * 0.0709 / molar_volume, rel=2e-3)


def test_air_already_mixed_in_shortens_the_line():
    table = mixture_table("cl2", 260.0, 0.0, AIR, air_fraction=0.4)
    assert table.mass_fraction[-1] == pytest.approx(0.6)
    assert table.temperature_k[-1] == pytest.approx(260.0, abs=0.5)


def test_water_saturates_as_the_tables_say():
    assert float(saturation_of_water_pa(273.16)) == pytest.approx(611.66, rel=1e-4)
    assert float(saturation_of_water_pa(298.15)) == pytest.approx(3169.9, rel=1e-3)
    assert float(saturation_of_water_pa(233.15)) == pytest.approx(18.9, rel=0.01)  # supercooled


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ((300.0, 1.5, AIR), "liquid_fraction"),
        ((20.0, 0.0, AIR), "source_temperature_k"),
        ((300.0, math.nan, AIR), "liquid_fraction"),
        ((300.0, 0.0, replace(AIR, pressure_pa=1e7)), "pressure_pa"),
    ],
)
def test_numbers_out_of_range_are_named(arguments, field):
    with pytest.raises(SolverError) as caught:
        mixture_table("cl2", *arguments)
    assert caught.value.field == field
    assert caught.value.message_zh != caught.value.message


def test_unknown_substance_is_an_error():
    with pytest.raises(NotFoundError):
        mixture_table("unobtainium", 300.0, 0.0, AIR)


def test_brackets_close_on_roots_and_on_jumps():
    def rising(x):
        return np.where(np.arange(3) < 2, x**3 - np.array([2.0, 1e-6, 0.0]), np.where(x < 0.3, -1.0, 1.0))

    low, high = bracketed(rising, np.zeros(3), np.ones(3) * 5.0)
    assert np.all(high - low <= 1e-9)
    assert 0.5 * (low + high) == pytest.approx([2.0 ** (1 / 3), 1e-2, 0.3], rel=1e-8)
