"""Pipes: limits of no friction and of long lines, and a line that empties."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.air.source.orifice import gas_throat, liquid_throat
from models.air.source.pipe import (
    Pipe,
    bell_rate_kg_s,
    fanno,
    gas_pipe_throat,
    liquid_pipe_throat,
    rough_fanning,
)
from models.substances.table import substance

ATM = 101_325.0


def test_rough_friction_of_a_commercial_steel_pipe() -> None:
    """0.1 m, 46 um: Fanning 0.0041 (Crowl & Louvar, rough branch of the chart)."""
    assert rough_fanning(Pipe(length_m=1.0, diameter_m=0.1)) == pytest.approx(0.0041, rel=0.02)


def test_fanno_tables() -> None:
    """Shapiro 1953, k = 1.4: 4 f L / D = 1.0691 at Mach 0.5, 14.533 at 0.2."""
    assert fanno(0.5, 1.4) == pytest.approx(1.0691, abs=2e-4)
    assert fanno(0.2, 1.4) == pytest.approx(14.533, abs=2e-3)
    assert fanno(1.0, 1.4) == pytest.approx(0.0, abs=1e-12)


def test_without_length_a_pipe_is_a_hole() -> None:
    pipe = Pipe(length_m=0.0, diameter_m=0.05, loss_ratio=0.0)
    for name in ("cl2", "methane"):
        row = substance(name)
        through, hole = gas_pipe_throat(row, pipe, 300.0, 5e5, ATM), gas_throat(row, 300.0, 5e5, ATM)
        assert through.flux_kg_m2_s == pytest.approx(hole.flux_kg_m2_s, rel=1e-6)
        assert through.pressure_pa == pytest.approx(hole.pressure_pa, rel=1e-6)


@given(length=st.floats(1.0, 500.0))
@settings(deadline=None, max_examples=25)
def test_a_longer_pipe_lets_less_through(length: float) -> None:
    row = substance("cl2")
    short, long = (Pipe(length_m=metres, diameter_m=0.05) for metres in (length, 1.3 * length))
    assert (
        gas_pipe_throat(row, long, 300.0, 6e5, ATM).flux_kg_m2_s
        < gas_pipe_throat(row, short, 300.0, 6e5, ATM).flux_kg_m2_s
    )


def test_a_weak_pressure_leaves_at_the_back_pressure_without_choking() -> None:
    row, pipe = substance("nh3"), Pipe(length_m=50.0, diameter_m=0.05)
    throat = gas_pipe_throat(row, pipe, 300.0, 1.2 * ATM, ATM)
    assert not throat.choked
    assert throat.pressure_pa == pytest.approx(ATM, rel=1e-6)
    # nearly incompressible: drop of pressure = density u^2 / 2 (1 + 4 f L / D + losses)
    z_rt = ATM / (throat.flux_kg_m2_s / throat.speed_m_s)
    density = 1.1 * ATM / z_rt
    speed = throat.flux_kg_m2_s / density
    heads = 0.5 * density * speed**2 * (1.0 + pipe.resistance_ratio)
    assert heads == pytest.approx(0.2 * ATM, rel=0.06)


def test_liquid_in_a_pipe_loses_velocity_heads() -> None:
    row, pipe = substance("methanol"), Pipe(length_m=40.0, diameter_m=0.05, loss_ratio=0.0)
    free = liquid_throat(row, 293.15, 3e5, 2.0, ATM)
    held = liquid_pipe_throat(row, pipe, 293.15, 3e5, 2.0, ATM)
    ratio = (free.flux_kg_m2_s / held.flux_kg_m2_s) ** 2
    assert ratio == pytest.approx(1.0 + 4.0 * rough_fanning(pipe) * 40.0 / 0.05, rel=1e-12)


def test_a_line_that_empties_gives_its_inventory() -> None:
    pipe = Pipe(length_m=5000.0, diameter_m=0.3)
    times = np.concatenate([[0.0], np.geomspace(1e-3, 3e5, 20_000)])
    rates = np.array([bell_rate_kg_s(float(t), 400.0, 9000.0, pipe, 430.0, 1.3) for t in times])
    assert rates[0] == pytest.approx(400.0)
    assert np.all(np.diff(rates) <= 0.0)
    assert float(np.sum(np.diff(times) * 0.5 * (rates[1:] + rates[:-1]))) == pytest.approx(9000.0, rel=2e-4)


def test_area_of_a_pipe() -> None:
    assert Pipe(length_m=1.0, diameter_m=0.2).area_m2 == pytest.approx(math.pi * 0.01)
