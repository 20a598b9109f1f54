import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.air.dense.cloud import SteadyPart, on_ground
from models.air.dense.similarity import (
    ambient_of,
    ambient_of_class,
    inverse_obukhov_of_class,
    similarity_run,
    simple_term,
)
from models.air.dense.surroundings import surroundings
from models.air.plume import PlumeAir, steady_plume
from models.air.turbulence import KARMAN, wind_profile
from models.contract import SurfaceLayer
from models.term import Shape
from tests.support.air_data.chlorine import ACID, AIR, CHLORINE
from tests.support.air_data.chlorine import DISTANCES_M as DISTANCES
from tests.support.air_data.degadis import degadis_fraction
from tests.support.air_data.desert_tortoise import desert_tortoise_4
from tests.support.air_data.slab import slab_run
from twin.core.errors import SolverError

AMMONIA = simple_term(
    "nh3",
    shape="jet",
    rate_kg_s=50.0,
    duration_s=300.0,
    temperature_k=239.0,
    liquid_fraction=0.82,
    speed_m_s=60.0,
    height_m=1.0,
)
STACK = simple_term(
    "so2", shape="vent", rate_kg_s=5.0, duration_s=900.0, temperature_k=300.0, speed_m_s=15.0, height_m=20.0
)
SUDDEN = simple_term(
    "cl2", shape="instant", mass_kg=2000.0, temperature_k=288.0, radius_m=5.0, cylinder_height_m=9.0
)
PLUMES = [CHLORINE, AMMONIA, ACID, STACK]
cached = cache(similarity_run)


@pytest.mark.parametrize("term", PLUMES, ids=lambda term: term.shape.value + term.substance_id)
def test_mass_and_enthalpy_fluxes_are_kept_along_the_plume(term):
    cloud = cached(term, AIR)
    s, table = cloud.sections, cloud.table
    source = float(table.mass_fraction[-1])
    fed = s.rate_kg_s / source
    assert np.abs(s.mass_flux_kg_s - s.entrained_kg_s - fed).max() <= 1e-6 * s.mass_flux_kg_s.max()
    h = np.interp(s.mass_fraction, table.mass_fraction, table.enthalpy_j_kg)
    brought = fed * table.enthalpy_j_kg[-1] + s.entrained_kg_s * table.enthalpy_j_kg[0]
    assert np.abs(s.mass_flux_kg_s * h - brought).max() <= 1e-6 * np.abs(brought).max()
    assert np.all(np.diff(s.heat_w) >= -1e-9)
    section = 2.0 * s.half_width_m  # what is in the plume flows through it
    assert np.all(section > 0.0)


@pytest.mark.parametrize("term", PLUMES, ids=lambda term: term.shape.value + term.substance_id)
@pytest.mark.parametrize("x_m", [60.0, 400.0, 2500.0])
def test_the_substance_flows_through_every_cross_section(term, x_m):
    cloud = cached(term, AIR)
    part = cloud.parts[0]
    shape = part.shape(np.array([x_m]), cloud.averaging_s)
    wide = 6.0 * (shape.box_m[0] + shape.sigma_m[0])
    high = 8.0 * shape.mean_height_m[0] + shape.axis_m[0] + 8.0 * shape.spread_m[0]
    y, z = np.linspace(-wide, wide, 401), np.linspace(0.0, high, 2001)
    flat = replace_most(shape)
    c = flat.conc(y[:, None], z[None, :])
    flux = np.trapezoid(np.trapezoid(c, z, axis=1), y)
    speed = np.interp(x_m, cloud.sections.x_m, cloud.sections.speed_m_s)
    assert flux * speed == pytest.approx(float(term.rate_kg_s[0]), rel=2e-5)


def replace_most(shape):
    return replace(shape, most_kg_m3=math.inf)


@pytest.mark.parametrize("term", PLUMES, ids=lambda term: term.shape.value + term.substance_id)
def test_plumes_widen_dilute_and_age_with_distance(term):
    s = cached(term, AIR).sections
    width = np.sqrt(s.half_width_m**2 + 3.0 * s.sigma_m**2)
    ground = s.aloft < 1.0
    assert np.all(np.diff(width[ground]) > 0.0)
    assert np.all(np.diff(s.age_s) >= 0.0)
    after = s.x_m > 6.0
    assert np.all(np.diff(s.mass_fraction[after]) < 0.0)


def test_a_trace_on_the_ground_grows_as_the_passive_theory_says():
    """Mean height: dz/dx = k u* / u(1.55 z) (van Ulden 1978); sideways: sigma_v t by Draxler."""
    trace = simple_term("cl2", shape="pool", rate_kg_s=1e-7, radius_m=0.05, temperature_k=293.15)
    cloud = similarity_run(trace, AIR, averaging_s=1800.0, reach_m=3000.0)
    s, friction = cloud.sections, AIR.friction_velocity_m_s
    part = cloud.parts[0]
    k0 = int(np.searchsorted(s.x_m, 20.0))
    z, x = float(s.mean_height_m[k0]), float(s.x_m[k0])
    for k in range(k0, s.x_m.size - 1):
        step = (float(s.x_m[k + 1]) - x) / 20.0
        for _ in range(20):
            lid = 1.0 - z / (0.5 * part.air.mixing_height_m)
            z += KARMAN * friction * lid / part.air.wind_m_s(1.55 * z) * step
        x = float(s.x_m[k + 1])
    assert float(s.mean_height_m[-1]) == pytest.approx(z, rel=0.03)
    age = float(s.age_s[-1])
    draxler = part.air.sigma_v_m_s * age / (1.0 + 0.9 * math.sqrt(age / 300.0))
    assert float(part.shape(s.x_m[-1:], 1800.0).sigma_m[0]) == pytest.approx(draxler, rel=0.05)
    assert s.half_width_m[-1] < 1.0


@pytest.mark.parametrize(("pasquill", "wind"), [("D", 5.0), ("F", 2.0)])
def test_a_trace_becomes_the_passive_plume_of_the_house(pasquill, wind):
    ambient = ambient_of_class(
        wind_speed_m_s=wind,
        wind_height_m=10.0,
        pasquill=pasquill,
        roughness_m=0.03,
        temperature_k=293.15,
        relative_humidity_fraction=0.5,
    )
    layer = SurfaceLayer(
        friction_velocity_m_s=ambient.friction_velocity_m_s,
        inverse_obukhov_1_m=ambient.inverse_obukhov_1_m,
        sigma_v_m_s=0.6,
        mixing_height_m=1600.0,
    )
    air = PlumeAir(layer=layer, wind_speed_m_s=wind, wind_height_m=10.0, roughness_m=0.03)
    # The similarity model knows the mean wind only, so the gusts' lag is left out of both.
    passive = steady_plume(air, rate_kg_s=1e-7, height_m=0.0, reach_m=4000.0, gusts=False)
    trace = simple_term("cl2", shape="pool", rate_kg_s=1e-7, radius_m=0.05, temperature_k=293.15)
    s = similarity_run(trace, ambient, reach_m=4000.0).sections
    x = np.array([100.0, 300.0, 1000.0, 3000.0])
    mean, power, speed = (np.interp(x, s.x_m, v) for v in (s.mean_height_m, s.exponent, s.speed_m_s))
    assert mean == pytest.approx(passive.mean_height_m(x), rel=0.06)
    across = 1e-7 / speed * on_ground(np.zeros(4), mean, power)
    assert across == pytest.approx(passive.cic_kg_m2(x, np.zeros(4)), rel=0.2)


def test_concentrations_of_a_trace_are_linear_in_the_rate_and_those_of_dense_gas_are_not():
    def run(rate):
        term = simple_term("cl2", shape="pool", rate_kg_s=rate, radius_m=1.0, temperature_k=293.15)
        return similarity_run(term, AIR).centreline_kg_m3(np.array([100.0, 1000.0]), 1.0) / rate

    assert run(1e-5) == pytest.approx(run(1e-6), rel=1e-3)
    assert np.all(run(20.0) < 0.9 * run(1e-6))


@pytest.mark.parametrize("wind_from", [0.0, 90.0, 180.0, 270.0, 33.0])
def test_the_cloud_goes_where_the_wind_does_not_come_from(wind_from):
    ambient = replace(AIR, towards_deg=(wind_from + 180.0) % 360.0)
    cloud = similarity_run(CHLORINE, ambient)
    angle = math.radians(wind_from)
    east, north = -300.0 * math.sin(angle), -300.0 * math.cos(angle)
    there = float(cloud.at(east, north, 1.0, 1000.0))
    assert there == pytest.approx(float(cloud.conc(300.0, 0.0, 1.0, 1000.0)), rel=1e-9)
    assert float(cloud.at(-east, -north, 1.0, 1000.0)) == 0.0
    left, right = (cloud.at(east + s * north / 10, north - s * east / 10, 1.0, 1e3) for s in (-1, 1))
    assert float(left) == pytest.approx(float(right), rel=1e-9)


def test_time_passes_from_front_to_end():
    cloud = cached(AMMONIA, AIR)
    arrival = cloud.arrival_s(800.0)
    assert 60.0 < arrival < 400.0
    steady = float(cloud.parts[0].shape(np.array([800.0]), 60.0).conc(np.zeros(1), np.ones(1))[0])
    assert float(cloud.conc(800.0, 0.0, 1.0, arrival + 150.0)) == pytest.approx(steady, rel=0.05)
    assert float(cloud.conc(800.0, 0.0, 1.0, arrival)) == pytest.approx(0.5 * steady, rel=0.05)
    assert float(cloud.conc(800.0, 0.0, 1.0, arrival + 2000.0)) < 1e-6 * steady
    start, end = cloud.passage_s(800.0)
    assert start < arrival < arrival + 300.0 < end
    t, c = cloud.history_kg_m3(800.0, 0.0, 1.0)
    # what passes is what was released, wherever one looks
    assert np.trapezoid(c, t) == pytest.approx(steady * 300.0, rel=0.01)


def test_several_steps_add_up_to_one():
    halves = replace(
        CHLORINE,
        times_s=np.array([0.0, 3000.0, 6000.0]),
        **{
            name: np.repeat(getattr(CHLORINE, name), 2)
            for name in (
                "rate_kg_s",
                "temperature_k",
                "liquid_fraction",
                "air_fraction",
                "radius_m",
                "speed_m_s",
            )
        },
    )
    one, two = cached(CHLORINE, AIR), similarity_run(halves, AIR)
    for t in (100.0, 3100.0, 6050.0):
        expected = float(one.conc(500.0, 10.0, 1.0, t))
        assert float(two.conc(500.0, 10.0, 1.0, t)) == pytest.approx(expected, rel=1e-6)
    assert two.centreline_kg_m3(500.0) == pytest.approx(one.centreline_kg_m3(500.0), rel=0.01)


def test_longer_averages_are_wider_and_lower():
    short, long = (similarity_run(CHLORINE, AIR, averaging_s=t) for t in (20.0, 1800.0))
    x = np.array([500.0, 2000.0])
    assert np.all(long.centreline_kg_m3(x) < 0.8 * short.centreline_kg_m3(x))
    edge = 2.5 * short.along(x).half_width_m
    assert np.all(long.peak_kg_m3(x, edge) > short.peak_kg_m3(x, edge))


@pytest.mark.parametrize("t_s", [20.0, 200.0, 900.0])
def test_everything_at_once_keeps_its_mass(t_s):
    cloud = cached(SUDDEN, AIR)
    puff = cloud.parts[0].puff
    middle = float(np.interp(t_s, puff.time_s, puff.x_m))
    long = 6.0 * (float(np.interp(t_s, puff.time_s, puff.radius_m + puff.sigma_m)) + 0.75 * t_s)
    depth = float(np.interp(t_s, puff.time_s, puff.mean_height_m))
    x = middle + np.linspace(-long, long, 161)
    y = np.linspace(-long, long, 121)
    z = depth * np.linspace(0.0, 5.0, 61)
    c = cloud.conc(x[:, None, None], y[None, :, None], z[None, None, :], t_s)
    mass = np.trapezoid(np.trapezoid(np.trapezoid(c, z, axis=2), y, axis=1), x)
    assert mass == pytest.approx(2000.0, rel=0.01)
    balance = puff.mass_kg - puff.entrained_kg
    assert np.abs(balance - balance[0]).max() <= 1e-6 * puff.mass_kg.max()


def test_a_sudden_cloud_slumps_goes_downwind_and_its_peak_falls():
    cloud = cached(SUDDEN, AIR)
    puff = cloud.parts[0].puff
    assert puff.mean_height_m.min() < 0.5 * puff.mean_height_m[0]
    assert np.all(np.diff(puff.x_m) > 0.0)
    assert np.all(np.diff(puff.radius_m) >= 0.0)
    peaks = cloud.centreline_kg_m3(np.array([100.0, 300.0, 1000.0, 3000.0]), 0.5)
    assert np.all(np.diff(peaks) < 0.0)
    with pytest.raises(SolverError):
        _ = cloud.sections


def test_footprint_is_where_the_level_is_met():
    cloud = cached(CHLORINE, AIR)
    level = float(cloud.table.conc_of_ppm(100.0))
    foot = cloud.footprint(level, 1.0)
    assert float(cloud.centreline_kg_m3(foot.reach_m, 1.0)) == pytest.approx(level, rel=0.02)
    k = foot.x_m.size // 2
    edge = float(cloud.peak_kg_m3(foot.x_m[k], foot.half_width_m[k], 1.0))
    assert edge == pytest.approx(level, rel=0.02)
    assert foot.area_m2 == pytest.approx(2.0 * np.trapezoid(foot.half_width_m, foot.x_m), rel=0.05)
    nothing = cloud.footprint(1e3, 1.0)
    assert (nothing.area_m2, nothing.reach_m, nothing.x_m.size) == (0.0, 0.0, 0)


def test_a_dense_stack_gas_comes_down_and_hot_gas_does_not_sink():
    dense = similarity_run(replace(STACK, rate_kg_s=np.array([50.0])), AIR)
    free = dense.sections.aloft >= 1.0
    assert dense.sections.axis_m[free].max() > 20.0
    assert not np.all(free)
    hot = simple_term("nh3", shape="vent", rate_kg_s=2.0, temperature_k=420.0, speed_m_s=15.0, height_m=20.0)
    rising = similarity_run(hot, AIR).sections
    assert np.all(np.diff(rising.axis_m[rising.aloft >= 1.0]) > -1e-9)


def test_cold_gas_over_warm_ground_takes_heat():
    warm = replace(AIR, ground_temperature_k=310.0)
    cold = replace(AIR, ground_temperature_k=240.0)
    hot, none = (similarity_run(AMMONIA, ambient).sections for ambient in (warm, cold))
    assert hot.heat_w[-1] > 10.0 * max(none.heat_w[-1], 1.0)
    at = np.array([100.0])
    assert np.interp(at, hot.x_m, hot.temperature_k) > np.interp(at, none.x_m, none.temperature_k)


@settings(deadline=None, max_examples=20)
@given(height=st.floats(0.5, 90.0), roughness=st.floats(1e-3, 0.2), inverse=st.floats(-0.1, 0.1))
def test_the_wind_is_that_of_the_passive_models(height, roughness, inverse):
    ambient = ambient_of(
        wind_speed_m_s=4.0,
        wind_height_m=10.0,
        roughness_m=roughness,
        temperature_k=290.0,
        relative_humidity_fraction=0.5,
        inverse_obukhov_1_m=inverse,
    )
    air = surroundings(ambient, 1.2)
    profile = wind_profile(np.array([height, 10.0]), roughness, inverse)
    assert air.wind_m_s(height) == pytest.approx(4.0 * profile[0] / profile[1], rel=1e-9)


@settings(deadline=None, max_examples=12)
@given(
    substance_id=st.sampled_from(["cl2", "nh3", "so2", "hf", "hcl"]),
    shape=st.sampled_from(list(Shape)),
    rate=st.floats(0.01, 200.0),
    wind=st.floats(0.8, 15.0),
    roughness=st.sampled_from([0.0003, 0.01, 0.1]),
    pasquill=st.sampled_from(["B", "D", "F"]),
    liquid=st.floats(0.0, 0.9),
)
def test_any_source_in_any_weather_gives_a_sane_cloud(
    substance_id, shape, rate, wind, roughness, pasquill, liquid
):
    ambient = ambient_of_class(
        wind_speed_m_s=wind,
        wind_height_m=10.0,
        pasquill=pasquill,
        roughness_m=roughness,
        temperature_k=288.0,
        relative_humidity_fraction=0.6,
    )
    term = simple_term(
        substance_id,
        shape=shape.value,
        rate_kg_s=rate,
        mass_kg=50.0 * rate if shape is Shape.INSTANT else 0.0,
        temperature_k=285.0,
        liquid_fraction=liquid,
        radius_m=2.0 if shape in (Shape.POOL, Shape.INSTANT) else 0.0,
        speed_m_s=30.0,
        height_m=2.0,
        duration_s=600.0,
    )
    cloud = similarity_run(term, ambient, reach_m=5000.0)
    x = np.array([50.0, 200.0, 1000.0, 4000.0])
    c = cloud.centreline_kg_m3(x, 1.0)
    assert np.all(np.isfinite(c))
    assert np.all(c >= 0.0)
    assert np.all(c <= cloud.table.conc_kg_m3[-1])
    along = cloud.along(x)
    assert np.all(np.diff(along.arrival_s) > 0.0)
    assert cloud.notes[0].startswith("one-dimensional over flat ground")


def test_limits_are_said_not_hidden():
    calm = replace(AIR, wind_speed_m_s=0.5, friction_velocity_m_s=0.035)
    assert any("wind_speed_m_s 0.5" in note for note in similarity_run(CHLORINE, calm).notes)
    across = replace(AMMONIA, towards_deg=180.0)
    assert any("turn_deg" in note for note in similarity_run(across, AIR).notes)
    assert cached(CHLORINE, AIR).outside == ()


def test_bad_input_is_named():
    with pytest.raises(SolverError, match="rate_kg_s"):
        similarity_run(replace(CHLORINE, rate_kg_s=np.zeros(1)), AIR)
    with pytest.raises(SolverError, match="averaging_s"):
        similarity_run(CHLORINE, AIR, averaging_s=0.0)
    with pytest.raises(SolverError, match="speed_m_s"):
        similarity_run(replace(AMMONIA, speed_m_s=np.zeros(1)), AIR)
    with pytest.raises(SolverError, match="pasquill"):
        inverse_obukhov_of_class("G", 0.1)


@pytest.mark.parametrize("height_m", [0.0, 1.0])
def test_chlorine_lies_within_thirty_per_cent_of_both_reference_programs(height_m):
    cloud = similarity_run(CHLORINE, AIR, averaging_s=60.0)
    ours = 1e-6 * cloud.ppm_of(cloud.centreline_kg_m3(DISTANCES, height_m))
    for reference in (slab_run("cl2").at(DISTANCES), degadis_fraction(DISTANCES)):
        assert np.all(np.abs(ours / reference - 1.0) <= 0.30)


def test_desert_tortoise_4_is_met():
    trial = desert_tortoise_4()
    ratio = trial.predicted_kg_m3 / trial.conc_kg_m3
    assert np.mean((ratio >= 0.5) & (ratio <= 2.0)) >= 0.67
    assert 0.6 <= math.exp(float(np.mean(-np.log(ratio)))) <= 1.6
    assert isinstance(trial.cloud.parts[0], SteadyPart)
