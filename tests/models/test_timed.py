"""Winds for many moments in one call say the same as winds asked one moment after the other."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.air.wind import field_from_samples, uniform_wind
from models.contract import SurfaceLayer, TimedWind, WindField, flat_site
from models.timed import timed
from models.trace.doubt import Doubt, turned_winds
from twin.core.geometry import Extent, FloatArray, Place
from twin.core.origin import Origin
from twin.core.wind import WindSample

START_MS = 1_795_000_020_000
AIR = SurfaceLayer(
    friction_velocity_m_s=0.3, inverse_obukhov_1_m=0.02, sigma_v_m_s=0.5, mixing_height_m=math.inf
)


def station_wind() -> WindField:
    rows = [
        WindSample(
            sensor_id=f"W{s}",
            place=Place(x_m=300.0 * s, y_m=0.0, z_m=10.0),
            height_m=10.0,
            time_ms=START_MS + 60_000 * k,
            wind_speed_m_s=2.0 + 0.05 * k + s,
            wind_from_deg=(200.0 + 3.0 * k + 20.0 * s) % 360.0,
            air_temperature_k=285.0 + 0.2 * k,
            origin=Origin.MEASURED,
        )
        for k in range(40)
        for s in range(2)
    ]
    plain = Extent(x_min_m=-1000.0, y_min_m=-1000.0, x_max_m=1000.0, y_max_m=1000.0)
    return field_from_samples(rows, flat_site(plain), average_s=120.0)


class Bare:
    """A field that answers for one moment at a time only."""

    origin, inputs, notes = Origin.MODELLED, ("bare",), ()

    def at(self, x_m: FloatArray, y_m: FloatArray, time_ms: int, height_m: FloatArray):
        shape = np.broadcast_shapes(np.shape(x_m), np.shape(height_m))
        hours = (time_ms - START_MS) / 3_600_000.0
        return np.full(shape, 2.0 + hours) + 1e-4 * x_m, np.full(shape, -1.0)

    def air(self, time_ms: int) -> SurfaceLayer:
        return (
            AIR
            if time_ms > START_MS + 600_000
            else SurfaceLayer(
                friction_velocity_m_s=0.2, inverse_obukhov_1_m=-0.05, sigma_v_m_s=0.7, mixing_height_m=900.0
            )
        )


def winds() -> list[WindField]:
    station = station_wind()
    turned = turned_winds(station, Doubt(direction_deg=12.0, wind_speed_m_s=2.0))[0]
    return [station, uniform_wind(3.0, 250.0, AIR), turned, Bare()]


@pytest.mark.parametrize("wind", winds(), ids=["stations", "steady", "turned", "one moment at a time"])
def test_many_moments_at_once_are_the_moments_one_by_one(wind: WindField):
    rng = np.random.default_rng(0)
    x, y = rng.uniform(-500.0, 500.0, (30, 4)), rng.uniform(-500.0, 500.0, (30, 4))
    height = rng.uniform(1.0, 60.0, (30, 4))
    times = START_MS + np.rint(rng.uniform(-60_000.0, 2_400_000.0, (30, 1)))
    u, v = timed(wind).at_times(x, y, times, height)
    layer = timed(wind).air_at(times)
    assert u.shape == v.shape == (30, 4)
    for k in range(30):
        one_u, one_v = wind.at(x[k], y[k], int(times[k, 0]), height[k])
        assert u[k] == pytest.approx(one_u, rel=1e-9)
        assert v[k] == pytest.approx(one_v, rel=1e-9)
        near = wind.air(int(times[k, 0]))
        sigma_v = np.broadcast_to(layer.sigma_v_m_s, times.shape)[k, 0]
        inverse = np.broadcast_to(layer.inverse_obukhov_1_m, times.shape)[k, 0]
        assert (float(sigma_v), float(inverse)) == pytest.approx((near.sigma_v_m_s, near.inverse_obukhov_1_m))


def test_fields_that_know_time_are_used_as_they_are():
    station = station_wind()
    assert isinstance(station, TimedWind)
    assert timed(station) is station
    assert not isinstance(Bare(), TimedWind)
