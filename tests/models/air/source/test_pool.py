"""Pools: mass kept, limits of boiling and of evaporation, spreading, dikes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.air.source.pool import GROUNDS, PoolCourse, PoolSetting, run_pool, transfer_m_s
from models.substances.table import substance
from models.term import Ambient

AIR = Ambient(
    wind_speed_m_s=3.0,
    wind_height_m=10.0,
    towards_deg=90.0,
    roughness_m=0.05,
    friction_velocity_m_s=0.2,
    inverse_obukhov_1_m=0.0,
    temperature_k=293.15,
    relative_humidity_fraction=0.5,
)


def poured(
    name: str, mass_kg: float, at_k: float, ambient: Ambient = AIR, until_s: float = 3600.0, **more: object
) -> PoolCourse:
    ground = more.pop("ground", "concrete")
    setting = PoolSetting(row=substance(name), ambient=ambient, ground=GROUNDS[str(ground)], **more)  # type: ignore[arg-type]
    times = np.concatenate([[0.0], np.geomspace(0.5, until_s, 200)])
    masses = np.zeros(200)
    masses[0] = mass_kg
    return run_pool(setting, times, masses, np.full(200, at_k))


@given(
    name=st.sampled_from(["hf", "cl2", "nh3", "methanol", "so2"]),
    mass=st.floats(1.0, 1e5),
    at_k=st.floats(200.0, 300.0),
    wind=st.floats(0.3, 12.0),
    ground=st.sampled_from(sorted(GROUNDS)),
)
@settings(deadline=None, max_examples=12)
def test_what_was_poured_is_in_the_air_or_on_the_ground(
    name: str, mass: float, at_k: float, wind: float, ground: str
) -> None:
    course = poured(name, mass, at_k, replace(AIR, wind_speed_m_s=wind), 1800.0, ground=ground)
    total = course.pool_kg + course.evaporated_kg
    assert np.all(np.abs(total[1:] - mass) <= 1e-9 * mass)
    assert np.all(np.diff(course.evaporated_kg) >= 0.0)
    assert np.all(course.temperature_k[course.pool_kg[1:] > 0.0] <= max(at_k, 350.0))


def test_a_cryogenic_pool_on_concrete_boils_as_the_root_of_time() -> None:
    """Heat conducted into a half-space: mass = 2 A k dT sqrt(t / (pi a)) / L, while nothing else heats it."""
    still = replace(AIR, wind_speed_m_s=0.02)
    course = poured("methane", 20_000.0, 112.0, still, 60.0, bund_area_m2=100.0)
    row, concrete = substance("methane"), GROUNDS["concrete"]
    conducted = 2.0 * concrete.conduction_w_m_k * (293.15 - row.boiling_k)
    conducted *= math.sqrt(60.0 / (math.pi * concrete.diffusivity_m2_s))
    sky = 0.95 * 5.67e-8 * (293.15**4 - row.boiling_k**4) * 60.0
    expected = 100.0 * (conducted + sky) / float(row.vaporisation_j_kg(row.boiling_k))
    assert course.evaporated_kg[-1] == pytest.approx(expected, rel=0.03)


def test_steps_do_not_matter() -> None:
    row = substance("hf")
    setting = PoolSetting(row=row, ambient=AIR, ground=GROUNDS["concrete"], bund_area_m2=20.0)
    ends = []
    for count in (100, 400):
        times = np.concatenate([[0.0], np.geomspace(0.5, 1800.0, count)])
        masses = np.zeros(count)
        masses[0] = 1000.0
        ends.append(run_pool(setting, times, masses, np.full(count, 285.0)).evaporated_kg[-1])
    assert ends[0] == pytest.approx(ends[1], rel=0.02)


def test_mass_transfer_is_mackay_and_matsugu() -> None:
    """k grows with wind to the power 7/9, falls with the pool's width to 1/9; 5 m, 5 m/s: some mm/s."""
    setting = PoolSetting(
        row=substance("toluene"), ambient=replace(AIR, wind_speed_m_s=5.0), ground=GROUNDS["soil"]
    )
    slow = transfer_m_s(setting, 5.0, 293.15)
    fast = transfer_m_s(replace(setting, ambient=replace(AIR, wind_speed_m_s=10.0)), 5.0, 293.15)
    assert fast / slow == pytest.approx(2.0 ** (7 / 9), rel=1e-9)
    assert transfer_m_s(setting, 10.0, 293.15) / slow == pytest.approx(2.0 ** (-1 / 9), rel=1e-9)
    assert 0.004 < slow < 0.012


def test_a_pool_without_dike_ends_at_the_least_depth_and_a_dike_holds_it() -> None:
    free = poured("methanol", 790.0, 290.0, until_s=120.0)
    assert free.radius_m[-1] == pytest.approx(math.sqrt(1.0 / (math.pi * 0.005)), rel=0.05)
    held = poured("methanol", 790.0, 290.0, until_s=120.0, bund_area_m2=30.0)
    assert held.radius_m[-1] == pytest.approx(math.sqrt(30.0 / math.pi), rel=1e-9)
    assert held.evaporated_kg[-1] < free.evaporated_kg[-1]


def test_wind_and_sun_make_more_vapour() -> None:
    calm = poured("hf", 1000.0, 285.0, replace(AIR, wind_speed_m_s=1.0), bund_area_m2=20.0)
    windy = poured("hf", 1000.0, 285.0, replace(AIR, wind_speed_m_s=6.0), bund_area_m2=20.0)
    sunny = poured("hf", 1000.0, 285.0, replace(AIR, wind_speed_m_s=1.0), bund_area_m2=20.0, solar_w_m2=800.0)
    assert calm.evaporated_kg[-1] < windy.evaporated_kg[-1]
    assert calm.evaporated_kg[-1] < sunny.evaporated_kg[-1]


def test_an_evaporating_pool_cools_below_the_air() -> None:
    course = poured("hf", 1000.0, 290.0, bund_area_m2=20.0)
    assert course.temperature_k[-1] < 270.0


def test_nothing_poured_nothing_happens() -> None:
    course = poured("hf", 0.0, 285.0)
    assert course.evaporated_kg[-1] == course.pool_kg[-1] == 0.0
