from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.air.wind import StationWind, field_from_samples, uniform_wind
from models.contract import Site, SurfaceLayer
from twin.core.errors import SolverError
from twin.core.geometry import Extent, Place
from twin.core.origin import Origin
from twin.core.wind import WindSample, direction_from_uv

NOW = 1_795_000_000_000
MAST = np.array([0.0])


def site(convergence_deg: float = 0.0) -> Site:
    return Site(
        extent=Extent(x_min_m=-2000.0, y_min_m=-2000.0, x_max_m=2000.0, y_max_m=2000.0),
        ground_heights_m=np.zeros((2, 2)),
        x0_m=-2000.0,
        y0_m=-2000.0,
        step_m=4000.0,
        convergence_deg=convergence_deg,
    )


def sample(
    time_ms: int = NOW,
    speed: float = 3.0,
    from_deg: float = 270.0,
    name: str = "W1",
    x: float = 0.0,
    y: float = 0.0,
    origin: Origin = Origin.MEASURED,
) -> WindSample:
    return WindSample(
        sensor_id=name,
        place=Place(x_m=x, y_m=y, z_m=10.0),
        height_m=10.0,
        time_ms=time_ms,
        wind_speed_m_s=speed,
        wind_from_deg=from_deg,
        air_temperature_k=290.0,
        origin=origin,
    )


def at(
    wind: StationWind, x: float, y: float, time_ms: int = NOW, height: float = 10.0
) -> tuple[float, float]:
    u, v = wind.at(np.array([x]), np.array([y]), time_ms, np.array([height]))
    return float(u[0]), float(v[0])


def test_wind_from_270_blows_to_the_east():
    assert at(field_from_samples([sample()], site()), 0.0, 0.0) == pytest.approx((3.0, 0.0), abs=1e-12)
    layer = SurfaceLayer(
        friction_velocity_m_s=0.3, inverse_obukhov_1_m=0.0, sigma_v_m_s=0.5, mixing_height_m=math.inf
    )
    u, v = uniform_wind(3.0, 270.0, layer).at(MAST, MAST, NOW, np.array([10.0]))
    assert (u[0], v[0]) == pytest.approx((3.0, 0.0), abs=1e-12)


@pytest.mark.parametrize("convergence", [-1.7, 0.6, 2.0])
def test_grid_convergence_turns_true_into_grid_directions(convergence: float):
    # Grid north east of true north: a wind from true west comes from a smaller grid bearing.
    u, v = at(field_from_samples([sample()], site(convergence)), 0.0, 0.0)
    assert math.hypot(u, v) == pytest.approx(3.0)
    assert direction_from_uv(u, v) == pytest.approx(270.0 - convergence)
    assert direction_from_uv(u, v, convergence) == pytest.approx(270.0)
    assert math.copysign(1.0, v) == math.copysign(1.0, convergence)


def test_directions_are_averaged_as_vectors_through_north():
    rows = [sample(NOW - 30_000, from_deg=350.0), sample(NOW, from_deg=10.0)]
    u, v = at(field_from_samples(rows, site()), 0.0, 0.0)
    assert u == pytest.approx(0.0, abs=1e-9)
    assert v == pytest.approx(-3.0 * math.cos(math.radians(10.0)))


def test_at_the_mast_its_own_wind_holds_and_between_masts_a_mixture():
    rows = [sample(name="W1", x=-800.0, from_deg=270.0), sample(name="W2", x=800.0, from_deg=180.0)]
    wind = field_from_samples(rows, site())
    u, v = at(wind, -800.0, 0.0)
    assert direction_from_uv(u, v) == pytest.approx(270.0, abs=1.0)
    assert at(wind, 0.0, 0.0) == pytest.approx((1.5, 1.5))


def test_time_runs_linearly_between_nodes():
    rows = [sample(NOW + 10_000 * k, speed=2.0 + 0.01 * k) for k in range(181)]
    wind = field_from_samples(rows, site(), average_s=60.0)
    middle = NOW + 900_000
    assert at(wind, 0.0, 0.0, middle)[0] == pytest.approx(2.9, abs=1e-6)
    assert at(wind, 0.0, 0.0, middle + 25_000)[0] == pytest.approx(2.925, abs=1e-6)


def test_height_follows_the_profile():
    wind = field_from_samples([sample(NOW, speed=12.0)], site())
    low, mast, high = (at(wind, 0.0, 0.0, height=z)[0] for z in (2.0, 10.0, 50.0))
    assert low < mast < high
    assert mast == pytest.approx(12.0)
    # In a strong wind the night is nearly neutral: ln(50 / 0.3) / ln(10 / 0.3) = 1.46.
    assert high / mast == pytest.approx(1.46, abs=0.15)


def test_calm_has_speed_but_no_direction():
    calm = [sample(NOW + 10_000 * k, speed=0.2, from_deg=math.nan) for k in range(30)]
    wind = field_from_samples(calm, site())
    assert at(wind, 0.0, 0.0) == (0.0, 0.0)
    assert "calm" in wind.notes
    assert wind.air(NOW).sigma_v_m_s >= 0.3


def test_a_station_that_fell_silent_no_longer_counts():
    living = [sample(NOW + 60_000 * k, name="W1", from_deg=270.0) for k in range(61)]
    dead = [sample(NOW + 60_000 * k, name="W2", x=300.0, from_deg=90.0) for k in range(11)]
    wind = field_from_samples([*living, *dead], site())
    assert at(wind, 300.0, 0.0, NOW)[0] < -2.0
    assert at(wind, 300.0, 0.0, NOW + 3_600_000) == pytest.approx((3.0, 0.0), abs=1e-9)
    assert "few stations" in wind.notes


def test_a_gap_of_all_stations_is_bridged_and_said():
    rows = [sample(NOW), sample(NOW + 7_200_000)]
    wind = field_from_samples(rows, site())
    assert at(wind, 0.0, 0.0, NOW + 3_600_000) == pytest.approx((3.0, 0.0), abs=1e-9)
    assert "gap in wind" in wind.notes


def test_scatter_of_the_mast_becomes_sigma_v():
    swing = [sample(NOW + 10_000 * k, speed=1.0, from_deg=270.0 + 60.0 * (-1) ** k) for k in range(60)]
    wind = field_from_samples(swing, site())
    assert wind.air(NOW + 300_000).sigma_v_m_s == pytest.approx(math.sin(math.radians(60.0)), rel=0.01)


def test_origin_inputs_and_bad_samples():
    rows = [
        sample(NOW, origin=Origin.SIMULATED),
        sample(NOW + 1000, speed=math.nan),
        sample(NOW + 2000, from_deg=math.inf),
    ]
    wind = field_from_samples(rows, site())
    assert wind.origin is Origin.SIMULATED
    assert wind.inputs == (f"W1/wind_speed,wind_from@{NOW}..{NOW}",)
    assert field_from_samples([sample()], site()).origin is Origin.MODELLED


def test_no_wind_at_all_is_an_error():
    with pytest.raises(SolverError, match="no usable wind"):
        field_from_samples([sample(speed=math.nan)], site())


@settings(deadline=None, max_examples=40)
@given(
    speed=st.floats(0.5, 25.0),
    from_deg=st.floats(0.0, 360.0),
    x=st.floats(-5000.0, 5000.0),
    y=st.floats(-5000.0, 5000.0),
)
def test_a_uniform_wind_stays_uniform(speed: float, from_deg: float, x: float, y: float):
    rows = [
        sample(name=n, x=a, y=b, speed=speed, from_deg=from_deg)
        for n, a, b in (("W1", 0, 0), ("W2", 900, 400))
    ]
    u, v = at(field_from_samples(rows, site()), x, y)
    assert math.hypot(u, v) == pytest.approx(speed)
    assert math.cos(math.radians(direction_from_uv(u, v) - from_deg)) == pytest.approx(1.0)
