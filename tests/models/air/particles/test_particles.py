"""Laws of the particle model: well mixed, Taylor, reciprocal, and the reference kernel's C / E."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from models.air.particles.backward import Catalogue, catalogue, conc_per_flux, footprint
from models.air.particles.profile import Turbulence, s_of, tables_of, turbulence_of
from models.air.particles.residence import Box, residence
from models.air.particles.run import Engine, Plan, advance, engine_of
from models.air.particles.step import Cloud
from models.contract import SurfaceLayer
from tests.support.air_data.bls import reference_areas
from twin.core.errors import SolverError
from twin.core.geometry import FloatArray

AIRS = {"stable": 1 / 20, "neutral": 0.0, "slightly unstable": -1 / 200, "unstable": -1 / 10}


def air(inverse_obukhov_1_m: float = 0.0, **changes: float) -> Turbulence:
    values = {"friction_velocity_m_s": 0.3, "roughness_m": 0.05} | changes
    return Turbulence(inverse_obukhov_1_m=inverse_obukhov_1_m, **values)


def engine(turbulence: Turbulence, *, arrays: str = "numpy", seed: int = 1, step: float = 0.5) -> Engine:
    plan = Plan(height_m=2.0, fetch_m=500.0, seed=seed, step=step, arrays=arrays, sense=1)
    return engine_of(turbulence, plan)


def mixed_cloud(row: Engine, top_m: float, count: int) -> Cloud:
    """Particles uniform in height with the turbulence's velocities there."""
    z = row.turbulence.roughness_m + (np.arange(count) + 0.5) / count * (top_m - row.turbulence.roughness_m)
    rng = np.random.default_rng(5)
    sigma = row.turbulence.sigma_w_over_ustar(z)
    w = rng.standard_normal(count) * sigma
    rest = np.sqrt(row.turbulence.sigma_u_ratio**2 - 1.0 / sigma**2)
    u = rng.standard_normal(count) * rest - w / sigma**2
    v = rng.standard_normal(count) * row.turbulence.sigma_v_ratio
    zero = np.zeros(count)
    columns = {"x_m": zero, "y_m": zero, "s": s_of(row.tables, z), "u": u, "v": v, "w": w, "age_s": zero}
    return Cloud(**{name: row.arrays.array(values) for name, values in columns.items()})


def heights(row: Engine, cloud: Cloud) -> FloatArray:
    cells = np.arange(row.tables.height_m.size) + 0.5
    place = np.sqrt(row.arrays.numpy(cloud.s)) * row.tables.per_root
    return np.exp(np.interp(place, cells, np.log(row.tables.height_m)))


@pytest.mark.parametrize("name", AIRS)
def test_what_is_well_mixed_stays_so_at_all_stabilities(name: str) -> None:
    top_m, count = 60.0, 100_000
    row = engine(air(AIRS[name], mixing_height_m=top_m), step=0.25)
    cloud = mixed_cloud(row, top_m, count)
    advance(row, cloud, 40.0)
    z = heights(row, cloud)
    # An even lattice has less than Poisson's scatter where particles have not gone far, so the test of
    # the middle cells is only stricter where they have; thirty cells of 2 m.
    seen, _ = np.histogram(z, bins=30, range=(row.turbulence.roughness_m, top_m))
    assert seen.sum() == count
    assert stats.chisquare(seen).pvalue > 0.01
    sigma = row.turbulence.sigma_w_over_ustar(z)
    w, u = row.arrays.numpy(cloud.w), row.arrays.numpy(cloud.u)
    assert np.mean((w / sigma) ** 2) == pytest.approx(1.0, abs=0.02)
    assert np.mean(u * w) == pytest.approx(-1.0, abs=0.05)
    assert np.mean(u**2) == pytest.approx(6.25, rel=0.02)
    assert abs(np.mean(w)) < 4.0 * 1.3 / math.sqrt(count)


def test_homogeneous_turbulence_spreads_as_taylor_says() -> None:
    """Taylor 1921 across the wind: the pace is the same at all heights if it is held at one."""
    row = engine(air(), step=0.05)
    cloud = row.stepper.start(60_000, 30.0)
    sigma_y, tau = [], []
    left = np.zeros(60_000)
    for turn in range(400):
        before = row.arrays.numpy(cloud.v)
        row.stepper.move(cloud)
        # Distance in the particles' clock: the integral of v by tau.
        left += 0.5 * (before + row.arrays.numpy(cloud.v)) * 0.05
        if turn in (3, 39, 399):
            sigma_y.append(left.std())
            tau.append(0.05 * (turn + 1))
    memory = 4.0  # V = sigma_v^2 / u*^2
    for spread, length in zip(sigma_y, tau, strict=True):
        taylor = math.sqrt(2.0 * 4.0 * memory * (length - memory * -math.expm1(-length / memory)))
        assert spread == pytest.approx(taylor, rel=0.015)


def test_short_and_long_limits_of_a_long_step() -> None:
    """Steps as long as the memory keep the long-time diffusivity: variance 2 K tau with K = V^2."""
    row = engine(air(), step=2.0)
    cloud = row.stepper.start(40_000, 30.0)
    left = np.zeros(40_000)
    for _ in range(400):
        before = row.arrays.numpy(cloud.v)
        row.stepper.move(cloud)
        left += row.arrays.numpy(before + row.arrays.numpy(cloud.v))
    assert left.var() == pytest.approx(2.0 * 16.0 * (800.0 - 4.0), rel=0.03)


@pytest.mark.parametrize("name", ["stable", "neutral", "unstable"])
def test_forward_and_backward_agree(name: str) -> None:
    turbulence = air(AIRS[name])
    cell = {"across_m": np.array([-15.0, 15.0])}
    there = Box(along_m=np.array([90.0, 110.0]), above_m=np.array([9.8, 10.2]), **cell)
    here = Box(along_m=np.array([-110.0, -90.0]), above_m=np.array([1.95, 2.05]), **cell)
    forward = residence(turbulence, 2.0, there, sense=1, particles=25_000, seed=3)
    backward = residence(turbulence, 10.0, here, sense=-1, particles=25_000, seed=4)
    error = math.hypot(float(forward.error_s_m3[0, 0, 0]), float(backward.error_s_m3[0, 0, 0]))
    apart = float(forward.mean_s_m3[0, 0, 0] - backward.mean_s_m3[0, 0, 0])
    assert float(forward.mean_s_m3[0, 0, 0]) > 5.0 * error
    assert abs(apart) < 3.0 * error


def test_mass_goes_through_every_plane() -> None:
    """The flux through a plane across the wind is what was let go: sum of u times residence is one."""
    turbulence = air(1 / 50)
    plane = Box(
        along_m=np.array([195.0, 205.0]),
        across_m=np.array([-1000.0, 1000.0]),
        above_m=np.geomspace(0.05, 200.0, 60),
    )
    field = residence(turbulence, 5.0, plane, particles=20_000, batches=4)
    middle = np.sqrt(plane.above_m[1:] * plane.above_m[:-1])
    through = float(
        np.sum(field.mean_s_m3[:, 0, 0] * turbulence.wind_m_s(middle) * np.diff(plane.above_m)) * 2000.0
    )
    # The turbulent flux along the wind is a few per cent of the whole.
    assert through == pytest.approx(1.0, abs=0.06)


@pytest.fixture(scope="module")
def neutral() -> Catalogue:
    return catalogue(air(), 2.0, fetch_m=300.0, particles=20_000)


def square(x_m: float, half_m: float) -> FloatArray:
    return np.array(
        [(x_m - half_m, -half_m), (x_m + half_m, -half_m), (x_m + half_m, half_m), (x_m - half_m, half_m)]
    )


def test_nothing_comes_from_downwind(neutral: Catalogue) -> None:
    assert conc_per_flux(neutral, square(-60.0, 20.0)).value_s_m > 0.1
    behind = conc_per_flux(neutral, square(60.0, 20.0), wind_from_deg=270.0)
    assert behind.value_s_m < 1e-3
    turned = conc_per_flux(neutral, square(60.0, 20.0), wind_from_deg=90.0)
    assert turned.value_s_m == pytest.approx(conc_per_flux(neutral, square(-60.0, 20.0)).value_s_m, rel=0.2)


def test_areas_add_up_and_a_beam_is_the_mean_of_its_points(neutral: Catalogue) -> None:
    left = np.array([(-100.0, -50.0), (-60.0, -50.0), (-60.0, 50.0), (-100.0, 50.0)])
    right = left + np.array([40.0, 0.0])
    both = np.array([(-100.0, -50.0), (-20.0, -50.0), (-20.0, 50.0), (-100.0, 50.0)])
    whole = conc_per_flux(neutral, both).value_s_m
    assert whole == pytest.approx(
        conc_per_flux(neutral, left).value_s_m + conc_per_flux(neutral, right).value_s_m, rel=1e-9
    )
    places = np.array([(0.0, -20.0), (0.0, 20.0)])
    mean = np.mean([conc_per_flux(neutral, both, sensors_m=row[None]).value_s_m for row in places])
    assert conc_per_flux(neutral, both, sensors_m=places).value_s_m == pytest.approx(float(mean), rel=1e-9)


def test_the_footprint_is_the_same_sum(neutral: Catalogue) -> None:
    cells = footprint(neutral, np.linspace(-100.0, -20.0, 9), np.linspace(-50.0, 50.0, 11))
    area = np.array([(-100.0, -50.0), (-20.0, -50.0), (-20.0, 50.0), (-100.0, 50.0)])
    assert cells.sum() * 100.0 == pytest.approx(conc_per_flux(neutral, area).value_s_m, rel=1e-6)


def test_an_area_beyond_the_fetch_is_refused_by_name(neutral: Catalogue) -> None:
    with pytest.raises(SolverError) as caught:
        conc_per_flux(neutral, square(-320.0, 10.0))
    assert caught.value.field == "area_m"
    assert "300" in caught.value.message_zh


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("friction_velocity_m_s", 0.0),
        ("roughness_m", math.nan),
        ("sigma_u_ratio", 0.5),
        ("inverse_obukhov_1_m", math.inf),
        ("mixing_height_m", 0.01),
    ],
)
def test_air_that_cannot_be_is_refused_by_name(name: str, value: float) -> None:
    values = {"friction_velocity_m_s": 0.3, "roughness_m": 0.05, "inverse_obukhov_1_m": 0.0} | {name: value}
    with pytest.raises(SolverError) as caught:
        Turbulence(**values)
    assert caught.value.field == name


def test_the_same_seed_gives_the_same_particles() -> None:
    one, two = (catalogue(air(), 2.0, fetch_m=100.0, particles=500, seed=9) for _ in range(2))
    assert np.array_equal(one.x_m, two.x_m)
    assert not np.array_equal(one.x_m[:50], catalogue(air(), 2.0, fetch_m=100.0, particles=500).x_m[:50])


def test_torch_and_numpy_tell_the_same(neutral: Catalogue) -> None:
    pytest.importorskip("torch")
    other = catalogue(air(), 2.0, fetch_m=300.0, particles=20_000, arrays="torch")
    area = np.array([(-150.0, -50.0), (-50.0, -50.0), (-50.0, 50.0), (-150.0, 50.0)])
    one, two = conc_per_flux(neutral, area), conc_per_flux(other, area)
    assert abs(one.value_s_m - two.value_s_m) < 3.0 * math.hypot(one.error_s_m, two.error_s_m)


def test_the_turbulence_of_the_twin_becomes_that_of_particles() -> None:
    layer = SurfaceLayer(
        friction_velocity_m_s=0.2, inverse_obukhov_1_m=0.02, sigma_v_m_s=0.5, mixing_height_m=300.0
    )
    turbulence = turbulence_of(layer, 0.1)
    assert turbulence.sigma_v_ratio == pytest.approx(2.5)
    assert turbulence.mixing_height_m == 300.0
    calm = turbulence_of(
        SurfaceLayer(
            friction_velocity_m_s=0.5, inverse_obukhov_1_m=0.0, sigma_v_m_s=0.1, mixing_height_m=math.inf
        ),
        0.1,
    )
    assert calm.sigma_u_ratio * calm.sigma_w_ratio > 1.0


def test_tables_hold_the_profiles() -> None:
    turbulence = air(-1 / 30)
    table = tables_of(turbulence)
    wind = table.metres / table.seconds
    assert np.allclose(wind, turbulence.wind_m_s(table.height_m))
    root = (np.arange(table.height_m.size) + 0.5) / table.per_root
    assert np.allclose(s_of(table, table.height_m), root**2)
    assert turbulence.wind_m_s(np.array([0.05]))[0] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("case", ["neutral", "stable"])
def test_c_over_e_of_the_reference_kernel(case: str) -> None:
    """Within 3 % or, where the reference itself is less certain than that, three of the joint errors."""
    areas = [row for row in reference_areas() if row.case == case]
    stays = catalogue(areas[0].turbulence, areas[0].height_m, fetch_m=220.0, particles=60_000, seed=2)
    for row in areas:
        found = conc_per_flux(stays, row.area_m)
        error = math.hypot(found.error_s_m, row.error_s_m)
        assert abs(found.value_s_m - row.value_s_m) < max(0.03 * row.value_s_m, 3.0 * error), row.name
