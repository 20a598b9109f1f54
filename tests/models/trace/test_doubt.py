from __future__ import annotations

import math

import numpy as np
import pytest

from models.air.wind import uniform_wind
from models.contract import SurfaceLayer
from models.trace.doubt import LEAST_DEG, MOST_DEG, doubt_of, turned_winds
from twin.core.geometry import Place
from twin.core.origin import Origin
from twin.core.wind import WindSample, direction_from_uv

LAYER = SurfaceLayer(
    friction_velocity_m_s=0.3, inverse_obukhov_1_m=0.0, sigma_v_m_s=0.4, mixing_height_m=800.0
)


def samples(directions: dict[str, float], speed_m_s: float) -> list[WindSample]:
    return [
        WindSample(
            sensor_id=name,
            place=Place(x_m=0.0, y_m=0.0, z_m=10.0),
            height_m=10.0,
            time_ms=60_000 * k,
            wind_speed_m_s=speed_m_s,
            wind_from_deg=direction,
            air_temperature_k=None,
            origin=Origin.SIMULATED,
        )
        for name, direction in directions.items()
        for k in range(10)
    ]


def test_doubt_is_least_in_a_strong_wind_that_all_masts_agree_on():
    doubt = doubt_of(samples({"A": 359.0, "B": 1.0}, 8.0))
    assert doubt.direction_deg == pytest.approx(LEAST_DEG, abs=0.5)
    assert doubt.wind_speed_m_s == pytest.approx(8.0, rel=1e-3)


def test_doubt_grows_as_the_wind_drops_and_as_masts_disagree():
    agree = doubt_of(samples({"A": 270.0, "B": 272.0}, 3.0)).direction_deg
    light = doubt_of(samples({"A": 270.0, "B": 272.0}, 0.6)).direction_deg
    apart = doubt_of(samples({"A": 250.0, "B": 292.0}, 3.0)).direction_deg
    assert light > agree + 2.0
    assert apart > agree + 2.0


def test_nothing_known_is_the_most_doubt():
    assert doubt_of(()).direction_deg == MOST_DEG
    assert doubt_of(samples({"A": math.nan}, 0.1)).direction_deg <= MOST_DEG


def test_members_turn_clockwise_keep_the_speed_and_widen_the_plume():
    wind = uniform_wind(4.0, 270.0, LAYER)
    doubt = doubt_of(samples({"A": 270.0, "B": 280.0}, 4.0))
    members = turned_winds(wind, doubt)
    place = np.zeros(1)
    for member in members:
        u, v = member.at(place, place, 0, np.full(1, 10.0))
        assert math.hypot(u[0], v[0]) == pytest.approx(4.0)
        turned = (direction_from_uv(float(u[0]), float(v[0]), 0.0) - 270.0 + 180.0) % 360.0 - 180.0
        assert turned == pytest.approx(member.turn_deg, abs=1e-6)
        assert member.air(0).sigma_v_m_s > LAYER.sigma_v_m_s
        assert (member.turn_deg == 0.0) == (member.log_weight == 0.0)
    assert [row.turn_deg for row in members] == sorted(row.turn_deg for row in members)
    assert sum(row.turn_deg for row in members) == pytest.approx(0.0)


def test_a_turn_is_named_among_the_inputs():
    members = turned_winds(uniform_wind(4.0, 270.0, LAYER), doubt_of(samples({"A": 270.0}, 4.0)))
    assert any("turned by +" in name for name in members[-1].inputs)
    assert members[len(members) // 2].inputs == members[0].wind.inputs
