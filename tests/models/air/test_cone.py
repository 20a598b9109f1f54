"""Laws of the forecast cone: certain now, wider later, around persistence or a forecast."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from models.air.cone import LEADS_S, WindForecast, cone_winds, exceedance, growth_m_s, walk_sd_m_s
from models.air.wind import uniform_wind
from models.contract import SurfaceLayer
from twin.core.errors import BadRequestError
from twin.core.geometry import Place
from twin.core.origin import Origin
from twin.core.wind import WindSample, direction_from_uv

NOW = 1_795_000_200_000
LAYER = SurfaceLayer(
    friction_velocity_m_s=0.3, inverse_obukhov_1_m=0.0, sigma_v_m_s=0.6, mixing_height_m=800.0
)
X, Y = np.array([0.0, 100.0]), np.array([0.0, -50.0])
TEN = np.full(2, 10.0)


def sample(minute: int, speed: float = 3.0, direction: float = 270.0) -> WindSample:
    return WindSample(
        sensor_id="S1",
        place=Place(x_m=0.0, y_m=0.0, z_m=10.0),
        height_m=10.0,
        time_ms=NOW - 60_000 * minute,
        wind_speed_m_s=speed,
        wind_from_deg=direction,
        air_temperature_k=288.0,
        origin=Origin.SIMULATED,
    )


STEADY = [sample(minute) for minute in range(50)]


def cone(members: int = 64, **more):
    winds = [uniform_wind(3.0, 270.0, LAYER)] * members
    return cone_winds(winds, STEADY, NOW, roughness_m=0.3, place_m=(0.0, 0.0), **more)


def at(rows, lead_s: int) -> np.ndarray:
    """Vectors of the members at 10 m, (n_members, 2)."""
    time = NOW + 1000 * lead_s
    return np.array([[float(part[0]) for part in row.at(X, Y, time, TEN)] for row in rows])


def test_until_now_it_is_the_wind_as_it_was() -> None:
    wind = uniform_wind(3.0, 270.0, LAYER)
    for row in cone(4):
        for time in (NOW - 600_000, NOW):
            assert np.allclose(row.at(X, Y, time, TEN), wind.at(X, Y, time, TEN))
        assert row.air(NOW + 3_600_000) == LAYER
        assert "forecast" in row.notes
        assert row.origin is wind.origin


def test_without_a_forecast_the_mean_persists_and_the_spread_grows_as_the_root_of_time() -> None:
    rows = cone()
    spreads = [at(rows, lead).std(axis=0) for lead in LEADS_S]
    assert at(rows, 3600).mean(axis=0) == pytest.approx([3.0, 0.0], abs=1e-9)
    for lead, spread in zip(LEADS_S, spreads, strict=True):
        assert spread == pytest.approx(walk_sd_m_s(STEADY, np.array([lead]))[0], rel=0.35)
    assert (np.diff([spread.mean() for spread in spreads]) > 0.0).all()


def test_the_record_decides_how_fast_the_spread_grows_within_bounds() -> None:
    swinging = [sample(minute, direction=270.0 + 40.0 * math.sin(minute / 6.0)) for minute in range(50)]
    assert growth_m_s(STEADY) == pytest.approx(0.2)
    assert growth_m_s(swinging) > 2.0 * growth_m_s(STEADY)
    assert growth_m_s([sample(m, speed=20.0 * (m // 10 % 2)) for m in range(50)]) == 1.0
    assert 0.2 < growth_m_s(STEADY[:3]) < 1.0


def test_a_forecast_is_followed_with_the_doubt_that_it_states() -> None:
    told = [
        WindForecast(time_ms=NOW + 1_800_000, wind_speed_m_s=2.0, wind_from_deg=0.0, sd_m_s=1.5),
        WindForecast(time_ms=NOW + 7_200_000, wind_speed_m_s=2.0, wind_from_deg=0.0, sd_m_s=1.5),
    ]
    rows = cone(200, forecast=told)
    u, v = at(rows, 3600).mean(axis=0)
    assert direction_from_uv(u, v) == pytest.approx(0.0, abs=15.0) or direction_from_uv(u, v) > 345.0
    assert math.hypot(u, v) == pytest.approx(2.0, abs=0.4)
    assert at(rows, 3600).std(axis=0).min() > 1.3


def test_many_moments_at_once_are_the_same_as_one_by_one() -> None:
    row = cone(3)[1]
    times = np.array([NOW - 60_000.0, NOW + 900_000.0])
    u, v = row.at_times(X, Y, times, TEN)
    for k, time in enumerate(times):
        one_u, one_v = row.at(X, Y, int(time), TEN)
        assert (u[k], v[k]) == pytest.approx((one_u[k], one_v[k]))
    assert np.allclose(row.air_at(times).friction_velocity_m_s, 0.3)


def test_equal_input_gives_equal_cones() -> None:
    assert np.array_equal(at(cone(5), 1800), at(cone(5), 1800))
    assert not np.array_equal(at(cone(5), 1800), at(cone(5, seed=1), 1800))


def test_probability_of_exceeding_falls_with_the_level() -> None:
    conc = np.array([[1.0, 0.0], [2.0, 0.0], [3.0, 5.0], [4.0, 0.0]])
    found = exceedance(conc, (0.5, 2.0, 10.0))
    assert found.tolist() == [[1.0, 0.25], [0.5, 0.25], [0.0, 0.0]]


@pytest.mark.parametrize("change", [{"wind_speed_m_s": -1.0}, {"wind_from_deg": 361.0}, {"sd_m_s": 50.0}])
def test_a_forecast_that_cannot_be_is_refused(change: dict[str, float]) -> None:
    row = replace(
        WindForecast(time_ms=NOW + 600_000, wind_speed_m_s=2.0, wind_from_deg=0.0, sd_m_s=1.0), **change
    )
    with pytest.raises(BadRequestError, match="wind forecast"):
        cone(2, forecast=[row])
