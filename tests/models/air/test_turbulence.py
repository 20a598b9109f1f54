from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.air.turbulence import (
    aerodynamic_resistance,
    diffusivity,
    diffusivity_power,
    lateral_scales,
    layer_of_gradient,
    mixing_height_m,
    shear_power,
    sigma_w,
    similarity_sigma_v,
    stability_name,
    streamwise_lag_m_s,
    sun_elevation_deg,
    surface_layer,
    wind_profile,
)
from models.contract import SurfaceLayer
from twin.core.clock import from_datetime, to_datetime


def layer(inverse: float, friction: float = 0.3) -> SurfaceLayer:
    return SurfaceLayer(
        friction_velocity_m_s=friction, inverse_obukhov_1_m=inverse, sigma_v_m_s=0.5, mixing_height_m=math.inf
    )


def test_neutral_profile_is_the_log_law():
    heights = np.array([1.0, 2.0, 10.0, 50.0])
    assert wind_profile(heights, 0.1, 0.0) == pytest.approx(np.log(heights / 0.1))


@pytest.mark.parametrize("inverse", [-0.1, -0.01, 0.01, 0.1])
def test_profile_rises_with_height(inverse: float):
    shape = wind_profile(np.linspace(0.5, 100.0, 60), 0.1, inverse)
    assert (np.diff(shape) > 0.0).all()


def test_profile_gradient_is_dyers_phi():
    # du/dz * kz/u* = phi_m = (1 - 16 z/L)^(-1/4) when unstable (Dyer 1974).
    z, step, inverse = 10.0, 1e-3, -1.0 / 30.0
    above, below = wind_profile(np.array([z + step, z - step]), 0.1, inverse)
    assert (above - below) / (2 * step) * z == pytest.approx((1.0 - 16.0 * z * inverse) ** -0.25, rel=1e-5)


def test_stable_air_shears_more_and_mixes_less():
    z = np.array([5.0, 20.0])
    assert (wind_profile(z, 0.1, 0.02) > wind_profile(z, 0.1, 0.0)).all()
    assert (wind_profile(z, 0.1, -0.02) < wind_profile(z, 0.1, 0.0)).all()
    assert (diffusivity(z, layer(0.02)) < diffusivity(z, layer(0.0))).all()
    assert (diffusivity(z, layer(-0.02)) > diffusivity(z, layer(0.0))).all()
    assert (sigma_w(z, layer(-0.02)) > sigma_w(z, layer(0.0))).all()


def test_neutral_diffusivity_and_scatter():
    assert diffusivity(np.array([10.0]), layer(0.0)) == pytest.approx([0.4 * 0.3 * 10.0])
    assert sigma_w(np.array([10.0]), layer(0.0)) == pytest.approx([1.25 * 0.3])
    assert similarity_sigma_v(0.3, 0.0, 800.0) == pytest.approx(0.57)
    assert similarity_sigma_v(0.3, -0.05, 1000.0) == pytest.approx(0.3 * 37.0 ** (1 / 3))


@pytest.mark.parametrize(
    ("when", "longitude", "latitude", "elevation"),
    [
        # Solstices and equinox at local noon: 90 - |latitude - declination|.
        ("2026-06-21T04:14:00+00:00", 117.0, 26.2, 90.0 - (26.2 - 23.44)),
        ("2026-12-22T04:10:00+00:00", 117.0, 26.2, 90.0 - (26.2 + 23.44)),
        ("2026-03-20T12:07:30+00:00", 0.0, 51.48, 90.0 - 51.48),
    ],
)
def test_sun_at_noon(when: str, longitude: float, latitude: float, elevation: float):
    time_ms = from_datetime(datetime.fromisoformat(when))
    assert sun_elevation_deg(time_ms, longitude, latitude) == pytest.approx(elevation, abs=0.6)


def test_sun_stands_below_the_horizon_at_local_midnight():
    day = 1_795_000_000_000 // 86_400_000 * 86_400_000
    elevations = {
        to_datetime(day + h * 3_600_000, 8.0).hour: sun_elevation_deg(day + h * 3_600_000, 117.0, 26.2)
        for h in range(24)
    }
    assert elevations[0] < -40.0
    assert max(elevations, key=elevations.__getitem__) in (11, 12)


def test_night_is_stable_noon_unstable_storm_nearly_neutral():
    night = surface_layer(2.5, 10.0, roughness_m=0.3, sun_deg=-30.0)
    noon = surface_layer(2.5, 10.0, roughness_m=0.3, sun_deg=60.0)
    storm = surface_layer(15.0, 10.0, roughness_m=0.3, sun_deg=-30.0)
    assert [stability_name(row) for row in (night, noon, storm)] == ["stable", "unstable", "neutral"]
    assert noon.friction_velocity_m_s > night.friction_velocity_m_s
    assert noon.sigma_v_m_s > night.sigma_v_m_s
    assert night.mixing_height_m == 300.0
    assert noon.mixing_height_m == pytest.approx(1000.0)


@pytest.mark.parametrize("friction", [0.05, 0.2, 0.6])
@pytest.mark.parametrize("height", [2.0, 50.0])
def test_nothing_jumps_where_the_air_is_neutral(friction: float, height: float):
    def scales(inverse: float) -> list[float]:
        lid = mixing_height_m(friction, inverse)
        sigma_v = similarity_sigma_v(friction, inverse, lid)
        air = SurfaceLayer(
            friction_velocity_m_s=friction,
            inverse_obukhov_1_m=inverse,
            sigma_v_m_s=sigma_v,
            mixing_height_m=lid,
        )
        parts = lateral_scales(np.array([height]), air)
        both = (parts.small_m_s, parts.large_m_s, parts.small_s, parts.large_s)
        return [lid, sigma_v, *(float(np.squeeze(row)) for row in both)]

    neutral = scales(0.0)
    for inverse in (-1e-6, -1e-9, 1e-9, 1e-6):
        assert scales(inverse) == pytest.approx(neutral, rel=0.01)
    # Nor anywhere else: no step between neighbours, the lid falls with stability.
    rows = np.array([scales(float(one)) for one in np.linspace(-0.02, 0.02, 4001)])
    assert np.abs(np.diff(np.log(rows), axis=0)).max() < 0.06
    assert (np.diff(rows[2000:, 0]) <= 0.0).all()


def test_lid_solves_nieuwstadts_equation_and_convection_brings_it_to_a_kilometre():
    lid = mixing_height_m(0.4, 1.0 / 300.0)
    assert lid == pytest.approx(0.3 * 0.4 / 6.4e-5 / (1.0 + 1.9 * lid / 300.0), rel=1e-9)
    assert mixing_height_m(0.3, 0.0) == pytest.approx(0.3 * 0.3 / 6.4e-5)
    assert mixing_height_m(0.3, -0.05) == pytest.approx(1000.0)


def test_day_flux_closes():
    # The day solution must satisfy both the profile and the definition of L.
    row = surface_layer(3.0, 10.0, roughness_m=0.3, sun_deg=50.0, air_temperature_k=295.0)
    u = row.friction_velocity_m_s / 0.4 * float(wind_profile(10.0, 0.3, row.inverse_obukhov_1_m))
    assert u == pytest.approx(3.0, rel=0.02)
    flux = -row.inverse_obukhov_1_m * 1.2 * 1005.0 * 295.0 * row.friction_velocity_m_s**3 / (0.4 * 9.81)
    assert 80.0 < flux < 350.0


def test_powers_are_the_slopes_of_the_profiles():
    for inverse in (-0.05, 0.0, 0.05):
        z, step = 6.0, 1e-4
        ends = np.array([z * (1.0 - step), z * (1.0 + step)])
        wind = np.log(wind_profile(ends, 0.1, inverse))
        mixing = np.log(diffusivity(ends, layer(inverse)))
        assert shear_power(z, 0.1, inverse) == pytest.approx(np.diff(wind)[0] / (2 * step), rel=1e-3)
        assert diffusivity_power(z, inverse) == pytest.approx(np.diff(mixing)[0] / (2 * step), rel=1e-3)


@pytest.mark.parametrize("inverse", [-0.1, -0.01, 0.0, 0.05])
def test_gusts_hold_back_by_the_slope_of_their_diffusivity(inverse: float):
    z = 4.0 * (1.0 + 1e-4 * np.array([-1.0, 0.0, 1.0]))
    air = layer(inverse)
    along, up, friction = 2.39**2, (sigma_w(z, air) / 0.3) ** 2, 0.3
    stress = np.array([np.array([[along, -1.0], [-1.0, w2]]) for w2 in up])
    square = stress @ stress  # Thomson (1987): diffusivities go as the square of the stress tensor
    mixed = -square[:, 0, 1] / square[:, 1, 1] * diffusivity(z, air)
    assert float(streamwise_lag_m_s(z, air)[1]) == pytest.approx((mixed[2] - mixed[0]) / 8e-4, rel=1e-4)
    assert 0.1 * friction < float(streamwise_lag_m_s(z, air)[1]) < 1.3 * friction


@pytest.mark.parametrize("inverse", [-0.05, 0.0, 0.05])
def test_aerodynamic_resistance_is_the_integral_of_one_over_diffusivity(inverse: float):
    z = np.geomspace(0.1, 5.0, 20_001)
    integral = np.trapezoid(1.0 / diffusivity(z, layer(inverse)), z)
    assert aerodynamic_resistance(5.0, 0.1, layer(inverse)) == pytest.approx(integral, rel=1e-5)


def test_lateral_scales_share_out_what_the_mast_saw():
    for inverse, lid in ((-0.05, 900.0), (0.0, math.inf), (0.05, math.inf)):
        for seen in (0.2, 0.5, 1.5):
            air = replace(layer(inverse), sigma_v_m_s=seen, mixing_height_m=lid)
            scales = lateral_scales(np.array([2.0, 20.0]), air)
            assert scales.small_m_s**2 + scales.large_m_s**2 == pytest.approx([seen**2] * 2)
            assert scales.small_s[1] > scales.small_s[0] > 0.0
    # The variance of the spectrum of Kaimal et al. (1972), integrated: 2.68 u*^2.
    f = np.geomspace(1e-6, 1e6, 400_001)
    variance = np.trapezoid(17.0 / (1.0 + 9.5 * f) ** (5.0 / 3.0), f)
    quiet = lateral_scales(np.array([5.0]), replace(layer(0.0), sigma_v_m_s=2.0))
    assert float(np.squeeze(quiet.small_m_s)) ** 2 == pytest.approx(variance * 0.3**2, rel=1e-3)


def test_stable_air_has_short_lateral_eddies_and_long_meander():
    height = np.array([10.0])
    stable, neutral = lateral_scales(height, layer(0.1)), lateral_scales(height, layer(0.0))
    assert float(stable.small_s[0]) == pytest.approx(float(neutral.small_s[0]) / 6.0, rel=1e-6)
    assert float(np.squeeze(stable.large_s)) >= 600.0


@pytest.mark.parametrize("inverse", [-0.08, -0.01, 0.0, 0.01, 0.06])
def test_two_temperatures_give_back_the_air_that_made_them(inverse: float):
    # Temperatures of the profile that belongs to 1/L, integrated numerically; the wind likewise.
    friction, mean_k = 0.25, 290.0
    scale_k = inverse * mean_k * friction**2 / (0.4 * 9.81)
    z = np.geomspace(2.0, 10.0, 4001)
    phi = 1.0 + 5.0 * z * inverse if inverse >= 0.0 else (1.0 - 16.0 * z * inverse) ** -0.5
    step_k = scale_k / 0.4 * np.trapezoid(phi / z, z) - 9.81 / 1005.0 * 8.0
    speed = friction / 0.4 * float(wind_profile(10.0, 0.1, inverse))
    found = layer_of_gradient(
        speed,
        10.0,
        roughness_m=0.1,
        low_m=2.0,
        low_k=mean_k - 0.5 * step_k,
        high_m=10.0,
        high_k=mean_k + 0.5 * step_k,
    )
    assert found.inverse_obukhov_1_m == pytest.approx(inverse, rel=1e-3, abs=1e-6)
    assert found.friction_velocity_m_s == pytest.approx(friction, rel=1e-3)


def test_a_strong_inversion_in_a_light_wind_is_as_stable_as_can_be():
    keys = {"roughness_m": 0.1, "low_m": 2.0, "low_k": 280.0, "high_m": 10.0}
    assert layer_of_gradient(0.5, 10.0, high_k=284.0, **keys).inverse_obukhov_1_m == pytest.approx(0.2)
    with pytest.raises(ValueError, match="rising and positive"):
        layer_of_gradient(3.0, 10.0, high_k=284.0, **{**keys, "low_m": 12.0})


def test_measured_meander_outweighs_similarity():
    quiet = surface_layer(0.6, 10.0, roughness_m=0.3, sun_deg=-20.0)
    swaying = surface_layer(0.6, 10.0, roughness_m=0.3, sun_deg=-20.0, measured_sigma_v_m_s=0.9)
    assert quiet.sigma_v_m_s == 0.3
    assert swaying.sigma_v_m_s == 0.9


@settings(deadline=None, max_examples=60)
@given(
    speed=st.floats(0.0, 40.0),
    height=st.floats(2.0, 60.0),
    sun=st.floats(-90.0, 90.0),
    cloud=st.floats(0.0, 1.0),
    roughness=st.floats(0.001, 0.9),
)
def test_every_sky_gives_usable_turbulence(
    speed: float, height: float, sun: float, cloud: float, roughness: float
):
    row = surface_layer(speed, height, roughness_m=roughness, sun_deg=sun, cloud=cloud)
    assert 0.05 <= row.friction_velocity_m_s < 20.0
    assert abs(row.inverse_obukhov_1_m) <= 0.2
    assert 0.3 <= row.sigma_v_m_s < 40.0
    assert row.mixing_height_m >= 300.0
