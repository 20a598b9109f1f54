"""The steady plume: flux, limits, and the mass that leaves it."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.air.deposition import NOTHING, Removal, removal_of
from models.air.particles.profile import turbulence_of
from models.air.particles.residence import Box, residence
from models.air.plume import PlumeAir, SteadyPlume, plume_air, steady_plume
from twin.core.errors import BadRequestError, SolverError
from twin.core.geometry import FloatArray, frozen

AIRS = {
    "unstable": plume_air(
        wind_speed_m_s=4.0, wind_height_m=10.0, roughness_m=0.1, inverse_obukhov_1_m=-0.03, lid_m=600.0
    ),
    "neutral": plume_air(wind_speed_m_s=6.0, wind_height_m=10.0, roughness_m=0.3, lid_m=math.inf),
    "stable": plume_air(wind_speed_m_s=2.5, wind_height_m=10.0, roughness_m=0.05, inverse_obukhov_1_m=0.03),
}


def flux(air: PlumeAir, height_m: float, x_m: float, **keys: object) -> float:
    """Integral of u c over a plane on nodes of its own, the crosswind part in closed form."""
    plume = steady_plume(air, rate_kg_s=0.5, height_m=height_m, reach_m=5000.0, **keys)
    mean = float(plume.mean_height_m(x_m)[0])
    top = min(air.layer.mixing_height_m, 40.0 * mean + 3.0 * height_m)
    edges = np.unique(
        np.concatenate(
            [
                [0.0],
                np.geomspace(1e-6, 2.0 * air.roughness_m, 20),
                np.geomspace(2.0 * air.roughness_m, top, 60),
                np.linspace(max(height_m - 8.0, 2.0 * air.roughness_m), height_m + 8.0, 80),
            ]
        )
    )
    node, weight = np.polynomial.legendre.leggauss(24)
    half = 0.5 * np.diff(edges[edges <= top])
    z = (edges[edges <= top][:-1, None] + half[:, None] * (1.0 + node)).ravel()
    speed = plume.carrying_speed_m_s(x_m, z) if keys.get("gusts", True) else air.speed_m_s(z)
    return float((speed * plume.cic_kg_m2(x_m, z) * (half[:, None] * weight).ravel()).sum())


@pytest.mark.parametrize("name", AIRS)
@pytest.mark.parametrize(("height", "x"), [(0.0, 50.0), (0.5, 800.0), (20.0, 60.0), (20.0, 3000.0)])
@pytest.mark.parametrize("gusts", [False, True])
def test_flux_through_a_plane_is_the_rate(name: str, height: float, x: float, gusts: bool):
    assert flux(AIRS[name], height, x, gusts=gusts) == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize("inverse", [-0.03, 0.0, 0.03])
def test_gusts_take_back_as_much_as_in_the_particle_model(inverse: float):
    # What the mean wind alone would carry through a plane at 100 m, over the rate: 1.04 to 1.08, not 1.
    air = plume_air(wind_speed_m_s=5.0, wind_height_m=2.0, roughness_m=0.006, inverse_obukhov_1_m=inverse)
    turbulence = replace(turbulence_of(air.layer, 0.006), sigma_u_ratio=2.39, mixing_height_m=math.inf)
    edges = np.concatenate([[0.0], np.geomspace(0.1, 100.0, 41)])
    box = Box(along_m=frozen([90.0, 110.0]), across_m=frozen([-500.0, 500.0]), above_m=edges)
    column = 1000.0 * residence(turbulence, 0.5, box, particles=5000).mean_s_m3[:, 0, 0]
    middle = 0.5 * (edges[1:] + edges[:-1])
    reference = float((column * np.diff(edges) * air.speed_m_s(middle)).sum())
    plume = steady_plume(air, rate_kg_s=1.0, height_m=0.5, reach_m=200.0)
    z = np.geomspace(1e-4, 100.0, 4000)
    found = float(np.trapezoid(plume.cic_kg_m2(100.0, z) * air.speed_m_s(z), z))
    assert found == pytest.approx(reference, abs=0.025)
    assert found > 1.025


def test_gusts_change_neither_the_width_nor_the_height():
    air = AIRS["unstable"]
    with_gusts, without = (
        steady_plume(air, rate_kg_s=1.0, height_m=0.5, reach_m=500.0, gusts=gusts) for gusts in (True, False)
    )
    x = np.array([20.0, 100.0, 400.0])
    assert with_gusts.sigma_y_m(x) == pytest.approx(without.sigma_y_m(x), rel=1e-2)
    assert with_gusts.mean_height_m(x) == pytest.approx(without.mean_height_m(x), rel=1e-2)
    assert np.all(with_gusts.travel_s(x) > without.travel_s(x))


def test_crosswind_integral_is_the_integral():
    plume = steady_plume(AIRS["neutral"], rate_kg_s=1.0, height_m=5.0, reach_m=1000.0)
    y = np.linspace(-600.0, 600.0, 4001)
    total = np.trapezoid(plume.conc_kg_m3(400.0, y, 2.0), y)
    assert total == pytest.approx(float(plume.cic_kg_m2(400.0, 2.0)), rel=1e-9)


def test_neutral_ground_plume_grows_as_van_ulden_integrated():
    # x(z) of van Ulden (1978) by quadrature of dx = u(q z) q z / K(q z) dz, from almost nothing.
    air = AIRS["neutral"]
    plume = steady_plume(air, rate_kg_s=1.0, height_m=0.0, reach_m=3000.0)
    mean = np.geomspace(1.0, 100.0, 4000)
    q = 1.55
    slope = air.speed_m_s(q * mean) / (0.4 * air.layer.friction_velocity_m_s)
    x = np.concatenate([[0.0], np.cumsum(0.5 * (slope[1:] + slope[:-1]) * np.diff(mean))])
    start = float(
        np.interp(1.0, plume.mean_height_m(np.geomspace(1.0, 60.0, 200)), np.geomspace(1.0, 60.0, 200))
    )
    for height in (3.0, 10.0, 40.0):
        distance = start + float(np.interp(height, mean, x))
        assert float(plume.mean_height_m(distance)[0]) == pytest.approx(height, rel=0.02)


def test_gas_under_a_lid_becomes_well_mixed():
    air = plume_air(
        wind_speed_m_s=3.0, wind_height_m=10.0, roughness_m=0.1, inverse_obukhov_1_m=-0.05, lid_m=150.0
    )
    plume = steady_plume(air, rate_kg_s=1.0, height_m=1.0, reach_m=20_000.0)
    column = plume.cic_kg_m2(20_000.0, np.array([1.0, 50.0, 100.0, 149.0]))
    assert column.max() / column.min() < 1.03
    assert float(plume.cic_kg_m2(20_000.0, 151.0)) == 0.0


@pytest.mark.parametrize("name", AIRS)
def test_what_is_emitted_is_airborne_or_has_left(name: str):
    removal = Removal(deposition_m_s=0.02, washout_1_s=1e-4, decay_1_s=1e-4)
    air = AIRS[name]
    plume = steady_plume(air, rate_kg_s=0.5, height_m=2.0, reach_m=5000.0, removal=removal, rain_mm_h=4.0)
    for x in (10.0, 300.0, 4000.0):
        still = float(plume.airborne_share(x)) * 0.5
        assert still + float(plume.deposited_kg_s(x)) == pytest.approx(0.5, rel=1e-9)
    assert flux(air, 2.0, 2000.0, removal=removal, rain_mm_h=4.0) == pytest.approx(
        0.5 * float(plume.airborne_share(2000.0)), rel=1e-5
    )


def test_deposition_is_the_flux_to_the_ground():
    removal = Removal(deposition_m_s=0.005)
    plume = steady_plume(AIRS["neutral"], rate_kg_s=1.0, height_m=2.0, reach_m=2000.0, removal=removal)
    x = np.linspace(500.0, 600.0, 41)
    flux_kg_s = np.trapezoid(0.005 * plume.cic_kg_m2(x, 1.0), x)
    lost = float(plume.deposited_kg_s(600.0)) - float(plume.deposited_kg_s(500.0))
    assert lost == pytest.approx(flux_kg_s, rel=0.01)


def test_rain_washes_hydrogen_fluoride_out_exponentially():
    air, hf = AIRS["neutral"], removal_of("hf")
    wet = steady_plume(air, rate_kg_s=1.0, height_m=2.0, reach_m=3000.0, removal=hf, rain_mm_h=10.0)
    dry = steady_plume(air, rate_kg_s=1.0, height_m=2.0, reach_m=3000.0, removal=hf)
    ratio = float(wet.airborne_share(3000.0) / dry.airborne_share(3000.0))
    assert ratio == pytest.approx(math.exp(-1e-4 * 10.0**0.8 * float(wet.travel_s(3000.0))), rel=1e-6)


def test_it_is_never_negative_and_falls_from_its_axis():
    plume = steady_plume(AIRS["stable"], rate_kg_s=1.0, height_m=3.0, reach_m=1000.0)
    y = np.linspace(0.0, 100.0, 20)
    conc = plume.conc_kg_m3(300.0, y, 1.5)
    assert (np.diff(conc) < 0.0).all()
    assert (conc >= 0.0).all()
    assert float(plume.cic_kg_m2(-5.0, 1.0)) == 0.0


def test_friction_velocity_follows_from_speed_unless_it_is_given():
    own = plume_air(wind_speed_m_s=5.0, wind_height_m=10.0, roughness_m=0.1)
    assert own.layer.friction_velocity_m_s == pytest.approx(0.4 * 5.0 / math.log(100.0))
    given = plume_air(wind_speed_m_s=5.0, wind_height_m=10.0, roughness_m=0.1, friction_velocity_m_s=0.6)
    assert given.layer.friction_velocity_m_s == 0.6


@pytest.mark.parametrize(
    "keys",
    [
        {"wind_speed_m_s": 0.0},
        {"roughness_m": -1.0},
        {"wind_height_m": math.nan},
        {"sigma_theta_deg": 10.0, "sigma_v_m_s": 0.5},
    ],
)
def test_bad_air_is_refused_with_the_field(keys: dict[str, float]):
    with pytest.raises(BadRequestError) as caught:
        plume_air(**{"wind_speed_m_s": 3.0, "wind_height_m": 10.0, "roughness_m": 0.1, **keys})
    assert caught.value.field in keys


def test_a_distance_beyond_reach_is_refused():
    plume = steady_plume(AIRS["neutral"], rate_kg_s=1.0, height_m=0.0, reach_m=500.0, removal=NOTHING)
    with pytest.raises(BadRequestError, match="at most reach_m 500"):
        plume.conc_kg_m3(600.0, 0.0, 1.0)


def flux_by_itself(plume: SteadyPlume, x_m: float) -> float:
    """Integral of u c over a plane, on panels that crowd at the ground and about the release."""
    air, height = plume.air, plume.height_m
    top = min(air.layer.mixing_height_m, 40.0 * float(plume.mean_height_m(x_m)[0]) + 3.0 * height)
    away = np.geomspace(1e-5, top, 300)
    kink = 2.0 * air.roughness_m
    edges = np.concatenate([[0.0, kink, top], np.geomspace(1e-6, top, 120), height - away, height + away])
    edges = np.unique(edges[(edges >= 0.0) & (edges <= top)])
    node, weight = np.polynomial.legendre.leggauss(8)
    half = 0.5 * np.diff(edges)
    z = (edges[:-1, None] + half[:, None] * (1.0 + node)).ravel()
    return float(
        (plume.carrying_speed_m_s(x_m, z) * plume.cic_kg_m2(x_m, z) * (half[:, None] * weight).ravel()).sum()
    )


@settings(max_examples=40, deadline=None)
@example(height=187.0, inverse=0.02, reach=5000.0, share=0.002)
@example(height=300.0, inverse=0.5, reach=100.0, share=1.0)
@given(
    height=st.floats(0.0, 300.0),
    inverse=st.floats(-0.2, 0.5),
    reach=st.floats(100.0, 20_000.0),
    share=st.floats(0.001, 1.0),
)
def test_a_plume_from_any_height_in_any_air_is_finite_and_keeps_its_flux(
    height: float, inverse: float, reach: float, share: float
):
    air = plume_air(wind_speed_m_s=4.0, roughness_m=0.1, inverse_obukhov_1_m=inverse)
    plume = steady_plume(air, rate_kg_s=1.0, height_m=height, reach_m=reach)
    x = np.geomspace(0.1, reach, 8)
    conc = plume.conc_kg_m3(x[:, None], 0.0, np.array([0.0, 1.5, height, 400.0, 3000.0, 12_000.0]))
    assert np.isfinite(conc).all()
    assert (conc >= 0.0).all()
    assert flux_by_itself(plume, share * reach) == pytest.approx(1.0, rel=1e-3)


def test_a_release_above_the_lid_is_refused_and_a_receptor_above_it_reads_nothing():
    air = plume_air(wind_speed_m_s=4.0, roughness_m=0.1, inverse_obukhov_1_m=-1.0 / 30.0, lid_m=150.0)
    with pytest.raises(SolverError, match="mixing_height_m 150") as caught:
        steady_plume(air, rate_kg_s=1.0, height_m=187.0)
    assert "mixing_height_m" in caught.value.message_zh
    assert caught.value.field == "mixing_height_m"
    plume = steady_plume(air, rate_kg_s=1.0, height_m=50.0, reach_m=1000.0)
    assert plume.conc_kg_m3(500.0, 0.0, np.array([151.0, 320.0, 5000.0])).tolist() == [0.0, 0.0, 0.0]


def test_neutral_is_the_limit_of_both_sides():
    def maxima(inverse: float) -> FloatArray:
        air = plume_air(wind_speed_m_s=4.0, roughness_m=0.03, inverse_obukhov_1_m=inverse)
        plume = steady_plume(air, rate_kg_s=1.0, height_m=2.0, reach_m=10_000.0)
        return plume.conc_kg_m3(np.geomspace(50.0, 10_000.0, 8), 0.0, 1.5)

    neutral = maxima(0.0)
    for inverse in (-1e-9, 1e-9, -1e-6, 1e-6):
        assert maxima(inverse) == pytest.approx(neutral, rel=0.01)
