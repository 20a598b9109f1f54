from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.air.growth import grow_sideways, grow_upwards, mean_height, transport_height
from models.air.turbulence import lateral_scales
from models.contract import SurfaceLayer
from twin.core.geometry import FloatArray, frozen


def layer(
    inverse: float = 0.0, friction: float = 0.3, sigma_v: float = 0.6, lid: float = math.inf
) -> SurfaceLayer:
    return SurfaceLayer(
        friction_velocity_m_s=friction, inverse_obukhov_1_m=inverse, sigma_v_m_s=sigma_v, mixing_height_m=lid
    )


def upwards(air: SurfaceLayer, height: float, steps: int, step_s: float, start_m: float = 0.01) -> float:
    sigma: FloatArray = frozen([start_m])
    for k in range(steps):
        sigma = grow_upwards(sigma, frozen([k * step_s]), step_s, frozen([height]), air)
    return float(sigma[0])


def sideways(air: SurfaceLayer, steps: int, step_s: float, mean_m: float = 10.0) -> float:
    sigma: FloatArray = frozen([1e-6])
    for k in range(steps):
        sigma = grow_sideways(sigma, frozen([k * step_s]), step_s, frozen([mean_m]), air)
    return float(sigma[0])


@pytest.mark.parametrize("inverse", [-0.05, 0.0, 0.05])
def test_young_gas_spreads_as_sigma_v_times_time(inverse: float):
    # Taylor (1921): the velocity has not yet changed, whatever its spectrum.
    air = layer(inverse, sigma_v=0.8, lid=800.0 if inverse < 0.0 else math.inf)
    assert sideways(air, 10, 0.01) == pytest.approx(0.8 * 0.1, rel=0.02)


def test_old_gas_in_neutral_air_spreads_as_diffusion():
    # All scatter in eddies of the plume's size: sigma^2 goes on growing by 2 sigma_v^2 T per second.
    air = layer(sigma_v=0.3, friction=0.3)
    scale = float(lateral_scales(np.array(1.53 * 10.0), air).small_s)
    early, late = sideways(air, 2000, 2.0), sideways(air, 4000, 2.0)
    assert (late**2 - early**2) / 4000.0 == pytest.approx(2.0 * 0.3**2 * scale, rel=0.02)


def test_meander_carries_gas_as_long_as_it_lasts():
    # Stable air whose mast sees far more than turbulence gives: the excess spreads linearly with time.
    air = layer(0.05, friction=0.05, sigma_v=0.5)
    large = math.sqrt(0.5**2 - 2.684 * 0.05**2)
    assert sideways(air, 200, 1.0) == pytest.approx(large * 200.0, rel=0.06)


@settings(deadline=None, max_examples=50)
@given(
    age=st.floats(0.0, 600.0),
    first=st.floats(0.1, 300.0),
    second=st.floats(0.1, 300.0),
    inverse=st.floats(-0.1, 0.1),
)
def test_sideways_growth_in_steady_air_does_not_depend_on_the_steps(
    age: float, first: float, second: float, inverse: float
):
    air, mean, start = layer(inverse, lid=900.0), frozen([12.0]), frozen([20.0])
    at_once = grow_sideways(start, frozen([age]), first + second, mean, air)
    halfway = grow_sideways(start, frozen([age]), first, mean, air)
    in_two = grow_sideways(halfway, frozen([age + first]), second, mean, air)
    assert in_two == pytest.approx(at_once, rel=1e-7)


def test_a_change_of_air_makes_no_jump():
    sigma = frozen([40.0])
    for air in (layer(), layer(0.1, 0.05, 0.3), layer(-0.05, 0.4, 1.1)):
        assert grow_sideways(sigma, frozen([100.0]), 1e-6, frozen([30.0]), air) == pytest.approx(
            sigma, rel=1e-6
        )
        assert grow_upwards(sigma, frozen([100.0]), 1e-6, frozen([5.0]), air) == pytest.approx(
            sigma, rel=1e-6
        )


def test_neutral_ground_source_rises_as_the_exact_solution():
    # dc/dt = d/dz(K dc/dz) with K = 0.4 u* z: the mean height of a ground source is 0.4 u* t.
    sigma = upwards(layer(), 0.0, 400, 1.0)
    assert float(mean_height(frozen([sigma]), frozen([0.0]))[0]) == pytest.approx(0.4 * 0.3 * 400.0, rel=0.02)


def test_a_slice_of_a_plume_in_shear_rises_less_fast_than_a_cloud():
    sigma, age, ground = frozen([10.0]), frozen([60.0]), frozen([0.0])
    cloud = grow_upwards(sigma, age, 5.0, ground, layer())[0]
    slice_m = grow_upwards(sigma, age, 5.0, ground, layer(), 0.1)[0]
    # d(sigma^2) is multiplied by u(0.6 z) / u(1.53 z), here by the local power of the logarithm.
    mean = 10.0 * math.sqrt(2.0 / math.pi)
    ratio = (0.6 / 1.53) ** (1.0 / math.log(mean / 0.1))
    assert (slice_m**2 - 100.0) / (cloud**2 - 100.0) == pytest.approx(ratio, rel=0.02)
    aloft = frozen([300.0])
    assert grow_upwards(sigma, age, 5.0, aloft, layer(), 0.1) == pytest.approx(
        grow_upwards(sigma, age, 5.0, aloft, layer()), rel=1e-3
    )


def test_upward_growth_hardly_depends_on_the_step():
    for height in (0.0, 15.0):
        fine, coarse = (
            upwards(layer(0.02), height, 600, 1.0, 1.0),
            upwards(layer(0.02), height, 20, 30.0, 1.0),
        )
        assert coarse == pytest.approx(fine, rel=0.05)


def test_aloft_it_starts_as_sigma_w_times_time():
    # T = K / sigma_w^2 = 0.4 * 60 / (1.25^2 * 0.3) = 51 s: after a second only the fluctuation counts.
    assert upwards(layer(), 60.0, 1, 1.0, 1e-6) == pytest.approx(1.25 * 0.3, rel=0.02)


def test_aloft_it_ends_as_diffusion_at_release_height():
    # A released puff of 30 s age and more: sigma^2 grows by 2 K per second, K = 0.4 u* z / (1 + 5 z/L).
    air = layer(0.1, 0.1)
    late = upwards(air, 60.0, 300, 2.0, 1e-3)
    diffusion = 0.4 * 0.1 * 60.0 / (1.0 + 5.0 * 6.0)
    assert late**2 == pytest.approx(2.0 * diffusion * 600.0, rel=0.1)


def test_it_never_grows_beyond_the_lid():
    assert upwards(layer(-0.1, 0.6, lid=300.0), 5.0, 500, 30.0) == 300.0


def test_mean_height_of_a_reflected_gaussian():
    z = (np.arange(400_000) + 0.5) * 1e-3
    for sigma, height in ((10.0, 0.0), (10.0, 8.0), (5.0, 40.0)):
        density = np.exp(-0.5 * ((z - height) / sigma) ** 2) + np.exp(-0.5 * ((z + height) / sigma) ** 2)
        mean = float((z * density).sum() / density.sum())
        assert mean_height(frozen([sigma]), frozen([height]))[0] == pytest.approx(mean, rel=1e-5)


def test_transport_height_lies_between_ground_and_mean():
    assert transport_height(frozen([10.0]), frozen([0.0]))[0] == pytest.approx(
        0.6 * 10 * math.sqrt(2 / math.pi)
    )
    assert transport_height(frozen([1.0]), frozen([30.0]))[0] == pytest.approx(30.0)
