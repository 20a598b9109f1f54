from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import kv

from models.air.flow.inflow import Inflow
from models.air.flow.spectral import MAX_SLOPE, perturbed, waves

STEP = 25.0
LEVELS = np.array([2.0, 10.0, 40.0, 150.0])
AIR = st.builds(
    Inflow,
    roughness_m=st.floats(0.01, 1.0),
    inverse_obukhov_1_m=st.floats(-0.05, 0.02),
    buoyancy_per_speed_1_m=st.sampled_from([0.0, 0.01]),
)


def hill(height: float = 30.0, count: tuple[int, int] = (64, 80)) -> np.ndarray:
    y, x = np.mgrid[0 : count[0], 0 : count[1]] * STEP
    return height * np.exp(-(((x - 900.0) / 300.0) ** 2) - ((y - 800.0) / 200.0) ** 2)


@settings(deadline=None, max_examples=20)
@given(air=AIR, angle=st.floats(0.0, 6.28))
def test_over_level_ground_the_profile_is_exact(air: Inflow, angle: float):
    towards = (math.cos(angle), math.sin(angle))
    u, v, w = perturbed(waves(np.full((10, 12), 321.0), STEP), towards, air, LEVELS)
    expected = air.speed(LEVELS)[:, None, None]
    np.testing.assert_allclose(u, expected * towards[0] + np.zeros_like(u), atol=1e-12)
    np.testing.assert_allclose(v, expected * towards[1] + np.zeros_like(v), atol=1e-12)
    np.testing.assert_allclose(w, 0.0, atol=1e-12)


def test_the_profile_is_the_log_law_and_one_at_ten_metres():
    air = Inflow(roughness_m=0.03)
    assert float(air.speed(10.0)) == 1.0
    assert float(air.speed(40.0)) == pytest.approx(math.log(40.0 / 0.03) / math.log(10.0 / 0.03))


@pytest.mark.parametrize("height", [5.0, 40.0, 120.0])
def test_potential_flow_over_a_ridge_is_the_closed_solution(height: float):
    # Witch of Agnesi h = H a^2 / (x^2 + a^2): its transform decays as exp(-|k| a), which gives
    # u'/U = H a ((a + z)^2 - x^2) / ((a + z)^2 + x^2)^2 and w/U = -2 H a x (a + z) / ((a + z)^2 + x^2)^2.
    high, a = 10.0, 200.0
    x = np.arange(-20_000.0, 20_000.0, 20.0)
    ridge = np.tile(high * a * a / (x * x + a * a), (4, 1))
    air = Inflow(roughness_m=0.1, uniform=True)
    u, _, w = perturbed(waves(ridge, 20.0, periodic=True), (1.0, 0.0), air, [height])
    d = (a + height) ** 2 + x * x
    np.testing.assert_allclose(u[0, 1] - 1.0, high * a * ((a + height) ** 2 - x * x) / d**2, atol=2e-5)
    np.testing.assert_allclose(w[0, 1], -2.0 * high * a * x * (a + height) / d**2, atol=2e-5)


@pytest.mark.parametrize("angle", [0.0, 0.7, 2.5])
def test_a_single_wave_is_jackson_and_hunts_solution(angle: float):
    # One sinusoid, evaluated with complex Bessel functions: u = Re(amplitude (1 - K0(..z) / K0(..z0))).
    count, air = 64, Inflow(roughness_m=0.05)
    x = np.arange(count) * STEP
    k = 2.0 * math.pi / (count * STEP)
    ground = np.tile(2.0 * np.cos(k * x), (count, 1))
    c, s = math.cos(angle), math.sin(angle)
    u, v, _ = perturbed(waves(ground, STEP, periodic=True), (c, s), air, LEVELS)
    depth = float(air.inner_depth_m(np.array(k)))
    assert k * depth * math.log(depth / 0.05) == pytest.approx(2.0 * 0.4**2, rel=2e-3)
    outer = float(air.speed(1.0 / k))
    for n, z in enumerate(LEVELS):
        amplitude = 2.0 * outer**2 / max(float(air.speed(depth)), float(air.speed(z))) * math.exp(-k * z) * k

        def slowed(stiff: float, height: float = z) -> complex:
            argument = [2.0 * np.sqrt(1j * stiff * c * level / depth) for level in (height, 0.05)]
            return complex(1.0 - kv(0, argument[0]) / kv(0, argument[1]))

        phase = np.exp(1j * k * x)
        along, across = (
            (amplitude * c * part * slowed(stiff) * phase).real for part, stiff in ((c, 1.0), (-s, 2.0))
        )
        base = float(air.speed(z))
        np.testing.assert_allclose(u[n, 5], (base + along) * c - across * s, atol=2e-5)
        np.testing.assert_allclose(v[n, 5], (base + along) * s + across * c, atol=2e-5)


def test_it_is_linear_in_the_height_of_gentle_ground():
    air = Inflow(roughness_m=0.1)
    one = perturbed(waves(hill(10.0), STEP), (0.6, 0.8), air, [10.0])
    two = perturbed(waves(hill(20.0), STEP), (0.6, 0.8), air, [10.0])
    for small, large, base in zip(one, two, (0.6, 0.8, 0.0), strict=True):
        np.testing.assert_allclose(large - base, 2.0 * (small - base), atol=1e-10)


def test_steep_ground_counts_with_a_limited_slope():
    air = Inflow(roughness_m=0.1)
    steep = hill(250.0)
    assert np.hypot(*np.gradient(steep, STEP)).max() > 3.0 * MAX_SLOPE
    speeds = [perturbed(waves(hill(h), STEP), (1.0, 0.0), air, [10.0])[0].max() for h in (60.0, 250.0, 500.0)]
    assert speeds[0] < speeds[1] < 3.0
    assert speeds[2] - speeds[1] < speeds[1] - speeds[0]


def test_turning_ground_and_wind_turns_the_flow():
    air = Inflow(roughness_m=0.1, inverse_obukhov_1_m=0.005, buoyancy_per_speed_1_m=0.005)
    ground = hill()
    u, v, w = perturbed(waves(ground, STEP), (1.0, 0.0), air, LEVELS)
    # A quarter turn to the left: east becomes north; rows and columns swap, the new x axis runs backwards.
    turned = np.rot90(ground, k=-1, axes=(0, 1))
    tu, tv, tw = perturbed(waves(turned, STEP), (0.0, 1.0), air, LEVELS)
    back = [np.rot90(part, k=1, axes=(1, 2)) for part in (tu, tv, tw)]
    np.testing.assert_allclose(back[1], u, atol=1e-9)
    np.testing.assert_allclose(back[0], -v, atol=1e-9)
    np.testing.assert_allclose(back[2], w, atol=1e-9)


def test_the_mirrored_hill_has_the_mirrored_wind():
    air = Inflow(roughness_m=0.1)
    u, v, _ = perturbed(waves(hill(), STEP), (1.0, 0.0), air, LEVELS)
    mu, mv, _ = perturbed(waves(hill()[::-1], STEP), (1.0, 0.0), air, LEVELS)
    np.testing.assert_allclose(mu[:, ::-1], u, atol=1e-9)
    np.testing.assert_allclose(mv[:, ::-1], -v, atol=1e-9)


def test_stratified_air_lets_waves_radiate_and_leans_them_upwind():
    # Waves longer than U/N: the crests of w move upwind with height (energy goes up).
    count = 128
    x = np.arange(count) * 100.0
    k = 2.0 * math.pi / (count * 100.0)
    ground = np.tile(5.0 * np.cos(k * x), (8, 1))
    air = Inflow(roughness_m=0.1, buoyancy_per_speed_1_m=0.002, uniform=True)
    _, _, w = perturbed(waves(ground, 100.0, periodic=True), (1.0, 0.0), air, [0.1, 400.0])
    low, high = (np.angle(np.fft.rfft(row[0])[1]) for row in w)
    assert math.sin(high - low) > 0.1
