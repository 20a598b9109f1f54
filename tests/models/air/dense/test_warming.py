"""Heat from the ground into a mixture: equilibrium and energy."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.air.dense.similarity import ambient_of
from models.air.dense.table import mixture_table, phases_of
from models.air.dense.thermo import adiabatic
from models.air.dense.warming import warm_lines

AIR = ambient_of(
    wind_speed_m_s=4.0,
    wind_height_m=10.0,
    roughness_m=0.01,
    temperature_k=300.0,
    relative_humidity_fraction=0.3,
)
SOURCES = {"hf": (289.0, 0.85), "nh3": (239.6, 0.8), "methane": (111.7, 0.0), "cl2": (239.1, 0.0)}


@cache
def _line(substance_id):
    table = mixture_table(substance_id, *SOURCES[substance_id], AIR)
    return table, warm_lines(table)


@given(name=st.sampled_from(sorted(SOURCES)), depth=st.floats(0.3, 5.0), part=st.floats(0.0, 0.999))
@settings(deadline=None, max_examples=40)
def test_a_warmed_mixture_is_in_equilibrium(name, depth, part):
    table, lines = _line(name)
    m = float(table.mass_fraction[-1]) * 10.0**-depth  # a pure boiling liquid has a jump no line follows
    w = table.water_fraction * (1.0 - m)
    h = float(np.interp(m, table.mass_fraction, table.enthalpy_j_kg))
    phases = phases_of(name, table.pressure_pa)
    whole = float(phases.at(np.array([300.0]), np.array([m]), np.array([w])).enthalpy_j_kg[0]) - h
    exact = adiabatic(phases, np.array([m]), np.array([w]), np.array([h + part * whole]))
    kelvin, density = lines.state(m, part * whole)
    lag = 300.0 - float(table.temperature(m))
    assert kelvin == pytest.approx(float(exact.temperature_k[0]), abs=0.15 * max(lag, 0.0) + 0.6)
    assert density == pytest.approx(1.0 / float(exact.specific_volume_m3_kg[0]), rel=0.06)


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_without_heat_it_is_the_mixing_line_and_with_all_of_it_it_is_as_warm_as_the_air(name):
    table, lines = _line(name)
    for m in (1e-4, 1e-2, 0.2):
        kelvin, density = lines.state(m, 0.0)
        assert kelvin == pytest.approx(float(table.temperature(m)), abs=0.6)
        assert density == pytest.approx(float(table.density(m)), rel=5e-3)
        assert lines.state(m, 1e7)[0] > 300.0
        one = [lines.state(m, q)[0] for q in np.linspace(0.0, 3e5, 60)]
        assert np.all(np.diff(one) >= -1e-9)


def test_breaking_rings_takes_more_heat_than_warming_air():
    table, lines = _line("hf")
    cold = float(table.temperature(0.05))
    after = lines.state(0.05, 1005.0 * 5.0)[0]
    assert 0.5 < after - cold < 4.0  # as much air would warm by 5 K


def test_clean_air_warms_as_air():
    _, lines = _line("cl2")
    kelvin, density = lines.state(0.0, 10_050.0)
    cold, thick = lines.state(0.0, 0.0)
    assert kelvin - cold == pytest.approx(10.0)
    assert density * kelvin == pytest.approx(thick * cold)
