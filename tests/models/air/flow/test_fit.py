from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.air.flow.field import FlowWind
from models.air.flow.fit import fit_flow, fit_stations
from models.air.flow.library import FlowLibrary
from models.air.flow.mass import closed, relative_divergence, to_faces
from models.air.flow.places import corners
from models.air.flow.posterior import Seen, share_of
from models.air.puff import GaussianPuff
from models.air.turbulence import wind_profile
from models.air.wind import StationWind, field_from_samples
from models.contract import SurfaceLayer, TimedWind
from models.timed import stacked
from tests.support.hills import COUNT, flat_library, site_of, valley, valley_library
from twin.core.clock import Interval
from twin.core.errors import SolverError
from twin.core.geometry import FloatArray, Place
from twin.core.origin import Origin
from twin.core.release import Release
from twin.core.wind import WindSample, direction_from_uv

NOW = 1_795_000_000_000
MASTS = np.array([[-900.0, -80.0], [-200.0, 0.0], [500.0, 150.0], [900.0, -350.0], [100.0, 600.0]])
CLASSES = np.array([-0.02, 0.0, 0.01])


def sample(name: str, x: float, y: float, speed: float, from_deg: float, time_ms: int = NOW) -> WindSample:
    return WindSample(
        sensor_id=name,
        place=Place(x_m=x, y_m=y, z_m=10.0),
        height_m=10.0,
        time_ms=time_ms,
        wind_speed_m_s=speed,
        wind_from_deg=from_deg,
        air_temperature_k=288.0,
        origin=Origin.MEASURED,
    )


def stations(wind: FloatArray, inverse: float = 0.0, masts: FloatArray = MASTS) -> StationWind:
    """Station winds (nt, ns, 2) at 10 m in air of one stability."""
    count = wind.shape[0]
    layer = SurfaceLayer(
        friction_velocity_m_s=0.3, inverse_obukhov_1_m=inverse, sigma_v_m_s=0.5, mixing_height_m=math.inf
    )
    return StationWind(
        times_ms=NOW + 60_000.0 * np.arange(count),
        u_m_s=wind[:, :, 0].T.copy(),
        v_m_s=wind[:, :, 1].T.copy(),
        trust=np.ones((masts.shape[0], count)),
        places_m=masts,
        heights_m=np.full(masts.shape[0], 10.0),
        roughness_m=0.3,
        displacement_m=0.0,
        layers=(layer,) * count,
        columns=stacked((layer,) * count, np.arange(count)),
        mast_shapes=np.full((masts.shape[0], count), float(wind_profile(10.0, 0.3, inverse))),
        origin=Origin.SIMULATED,
        inputs=("test",),
        notes=(),
    )


def truth(
    library: FlowLibrary, unknowns: FloatArray, inverse: float, places: FloatArray
) -> tuple[Seen, FloatArray]:
    """Wind (nt, n, 2) at 10 m of inflows and thermal weights (nt, 4)."""
    count = unknowns.shape[0]
    found = corners(library, places[:, 0], places[:, 1], np.full(places.shape[0], 10.0))
    rows = library.ratio.reshape(-1, library.ratio[0, 0, ..., 0].size, 2)
    modes = np.stack([found.read(row) for row in rows]).astype(np.float64)
    seen = Seen(
        wind_m_s=np.zeros((count, places.shape[0], 2)),
        noise_m_s=np.ones((count, places.shape[0])),
        trust=np.ones((count, places.shape[0])),
        modes=modes.reshape(*library.ratio.shape[:2], places.shape[0], 2),
        share=share_of(np.full(count, inverse), CLASSES),
        sectors=library.sectors,
        places_m=places,
        ground_m=np.zeros(places.shape[0]),
    )
    return seen, seen.predicted(seen.weights(unknowns[:, :2], unknowns[:, 2:]))


def at(wind: FlowWind | StationWind, x: float, y: float, time_ms: int = NOW, z: float = 10.0) -> FloatArray:
    u, v = wind.at(np.array([x]), np.array([y]), time_ms, np.array([z]))
    return np.array([u[0], v[0]])


@pytest.mark.parametrize(
    ("from_deg", "towards"), [(270.0, (1, 0)), (180.0, (0, 1)), (90.0, (-1, 0)), (0.0, (0, -1))]
)
def test_wind_from_270_blows_to_the_east(from_deg: float, towards: tuple[float, float]):
    rows = [sample(f"W{k}", x, y, 4.0, from_deg) for k, (x, y) in enumerate(MASTS)]
    wind = fit_flow(rows, flat_library(), site_of(np.full(COUNT, 100.0)))
    np.testing.assert_allclose(at(wind, 300.0, -200.0), 4.0 * np.array(towards), atol=0.03)


def test_grid_convergence_is_that_of_the_site():
    site = site_of(np.full(COUNT, 100.0), convergence_deg=1.5)
    rows = [sample(f"W{k}", x, y, 4.0, 250.0) for k, (x, y) in enumerate(MASTS)]
    u, v = at(fit_flow(rows, flat_library(), site), 0.0, 0.0)
    assert direction_from_uv(u, v) == pytest.approx(248.5, abs=0.1)


@settings(deadline=None, max_examples=15)
@given(
    inverse=st.floats(-0.02, 0.05),
    speed=st.floats(1.0, 15.0),
    angle=st.floats(0.0, 6.28),
    z=st.floats(0.7, 900.0),
)
def test_over_a_plain_the_wind_is_the_similarity_profile_at_any_height(
    inverse: float, speed: float, angle: float, z: float
):
    vector = speed * np.array([math.cos(angle), math.sin(angle)])
    wind = fit_stations(stations(np.tile(vector, (2, MASTS.shape[0], 1)), inverse), flat_library())
    expected = wind_profile(z, 0.3, inverse) / wind_profile(10.0, 0.3, inverse)
    places = [at(wind, x, y, z=z) for x, y in ((-700.0, 300.0), (0.0, 0.0), (2e4, -3e4))]
    lowest = at(wind, 0.0, 0.0, z=10.0)
    np.testing.assert_allclose(places[1], lowest * expected, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(lowest, vector, rtol=0.02, atol=0.02)


@pytest.mark.parametrize("inverse", [-0.01, 0.0, 0.01])
def test_a_wind_of_the_library_is_found_again_from_four_stations(inverse: float):
    library = valley_library()
    random = np.random.default_rng(3)
    angle = random.uniform(0.0, 2.0 * math.pi, 40)
    strength = min(1.0, abs(inverse) / 0.02) * math.copysign(1.0, inverse) if inverse else 0.0
    unknowns = np.stack(
        [
            5.0 * np.cos(angle),
            5.0 * np.sin(angle),
            *(strength + 0.2 * random.normal(size=(2, 40))),
        ],
        axis=1,
    )
    _, wind = truth(library, unknowns, inverse, MASTS[:4])
    fitted = fit_stations(stations(wind, inverse, MASTS[:4]), library, noise_m_s=1e-4, strange=0.0)
    places = np.array([[-600.0, 200.0], [300.0, -400.0], [700.0, 500.0]])
    _, expected = truth(library, unknowns, inverse, places)
    for k in range(40):
        for n, (x, y) in enumerate(places):
            np.testing.assert_allclose(at(fitted, x, y, NOW + 60_000 * k), expected[k, n], atol=0.02)
    assert fitted.misfit_m_s.max() < 1e-3


def test_the_covariance_is_that_of_the_errors():
    """Weights drawn from the prior, stations read with known noise: z-scores have the variance of one."""
    library, random, count, noise = valley_library(), np.random.default_rng(5), 600, 0.4
    unknowns = random.normal(size=(count, 4)) * np.array([6.0, 6.0, 0.2, 0.2])
    _, wind = truth(library, unknowns, 0.0, MASTS)
    noisy = wind + noise * random.normal(size=wind.shape)
    fitted = fit_stations(stations(noisy), library, noise_m_s=noise, strange=0.0)
    error = fitted.mean_m_s - unknowns
    scores = error / np.sqrt(np.diagonal(fitted.covariance, axis1=1, axis2=2))
    # 600 draws: the mean square of a calibrated score has a standard error of 0.06.
    assert np.mean(scores**2, axis=0) == pytest.approx(1.0, abs=0.25)
    distance = np.einsum("ti,tij,tj->t", error, np.linalg.inv(fitted.covariance), error)
    assert np.mean(distance < 9.488) == pytest.approx(0.95, abs=0.03)


def test_members_scatter_as_the_covariance_and_agree_at_the_stations():
    library = valley_library()
    _, wind = truth(library, np.array([[4.0, 1.0, 0.0, 0.0]] * 2), 0.0, MASTS[:2])
    fitted = fit_stations(stations(wind, masts=MASTS[:2]), library)
    members = fitted.members(200, seed=4)
    weights = np.array([row.mean_m_s[0] for row in members])
    spread = np.sqrt(np.diag(fitted.covariance[0]))
    scaled = (np.cov(weights.T) - fitted.covariance[0]) / np.outer(spread, spread)
    assert np.abs(scaled).max() < 0.25  # 200 draws: standard error 0.07 to 0.1
    winds = {
        place: np.array([at(row, *place) for row in members]).std(axis=0).max()
        for place in ((float(MASTS[0, 0]), float(MASTS[0, 1])), (300.0, 900.0))
    }
    near, far = winds.values()
    assert near < 0.75  # a station's own noise is hypot(0.3, 0.15 * 4)
    assert far > 0.0
    again = fitted.members(2, seed=4)
    assert at(again[1], 10.0, 20.0).tolist() == at(members[1], 10.0, 20.0).tolist()
    assert at(fitted.members(1, seed=5)[0], 10.0, 20.0).tolist() != at(members[0], 10.0, 20.0).tolist()
    assert members[0].origin is fitted.origin


def test_a_station_gets_its_own_wind_and_far_away_the_modes_rule():
    library = valley_library()
    _, wind = truth(library, np.array([[5.0, 0.0, 0.0, 0.0]] * 2), 0.0, MASTS)
    odd = wind.copy()
    odd[:, 1] += np.array([-0.5, 1.5])  # something local that no mode knows
    fitted = fit_stations(stations(odd), library)
    for s, (x, y) in enumerate(MASTS):
        assert np.hypot(*(at(fitted, x, y) - odd[0, s])) < 0.25
    modes = fitted.posterior.seen.predicted(fitted.weights)
    assert np.hypot(*(modes[0, 1] - odd[0, 1])) > 0.8
    assert float(np.abs(fitted.spread.coefficients).max()) > 0.5


def test_leave_one_out_it_is_not_worse_than_inverse_distance():
    """Stations of a valley in winds of all directions, something local at each: predict the one left out."""
    library, random = valley_library(), np.random.default_rng(11)
    errors: dict[str, list[float]] = {"modes": [], "distance": []}
    for inverse in (-0.01, 0.0, 0.01):
        angle = np.linspace(0.1, 6.0, 9)
        strength = inverse / 0.02
        unknowns = np.stack([3.0 * np.cos(angle), 3.0 * np.sin(angle), *(np.full((2, 9), strength))], axis=1)
        _, wind = truth(library, unknowns, inverse, MASTS)
        wind = wind + 0.3 * random.normal(size=wind.shape)
        for left in range(MASTS.shape[0]):
            kept = [s for s in range(MASTS.shape[0]) if s != left]
            known = stations(wind[:, kept], inverse, MASTS[kept])
            fitted = fit_stations(known, library)
            for k in range(9):
                for name, field in (("modes", fitted), ("distance", known)):
                    off = at(field, *MASTS[left], NOW + 60_000 * k) - wind[k, left]
                    errors[name].append(float(off @ off))
    modes, distance = (math.sqrt(np.mean(errors[name])) for name in ("modes", "distance"))
    assert modes <= distance
    assert modes < 0.75 * distance  # and by far not worse


@pytest.mark.parametrize(("local", "rolling"), [(0.8, 0.0), (0.3, 0.8)])
def test_a_network_learns_what_is_noise_and_what_reaches(local: float, rolling: float):
    """Thirty stations, noise of their own or a smooth wind no mode knows: left out, each beats distance."""
    library, random = valley_library(), np.random.default_rng(21)
    masts = random.uniform(-1000.0, 1000.0, (30, 2))
    unknowns = np.array([[3.0, 1.0, 0.1, 0.1], [-1.0, 3.0, 0.1, 0.0]])
    _, wind = truth(library, unknowns, 0.0, masts)
    wind = wind + local * random.normal(size=wind.shape)
    wind = wind + rolling * np.sin(masts / 500.0)[:, ::-1]
    off = {"modes": 0.0, "distance": 0.0}
    for left in range(30):
        kept = np.arange(30) != left
        known = stations(wind[:, kept], 0.0, masts[kept])
        for name, field in (("modes", fit_stations(known, library)), ("distance", known)):
            for k in range(2):
                miss = at(field, *masts[left], NOW + 60_000 * k) - wind[k, left]
                off[name] += float(miss @ miss)
    assert off["modes"] < off["distance"]


def test_many_stations_far_apart_are_not_worse_than_inverse_squared_distance():
    """Forty stations kilometres apart on a tilted plain, a wind that differs at all scales: each left out."""
    from models.air.flow.residual import spread

    random, count = np.random.default_rng(3), 40
    masts = random.uniform(-15_000.0, 15_000.0, (count, 2))
    ground = 0.02 * masts[:, 0]  # 600 m of climb, and no ridge between
    distance = np.hypot(*(masts[:, None] - masts[None]).transpose(2, 0, 1))
    root = np.linalg.cholesky(np.exp(-distance / 10_000.0) + 1e-9 * np.eye(count))
    wind = np.einsum("ij,tjc->tic", root, random.normal(size=(8, count, 2)))
    wind = wind + 0.2 * random.normal(size=wind.shape)
    off = {"fitted": 0.0, "distance": 0.0}
    for left in range(count):
        kept = np.arange(count) != left
        made = spread(wind[:, kept], np.ones((8, count - 1)), masts[kept], ground[kept])
        bell = made.bell.at(distance[left, kept] ** 2, ground[kept] - ground[left])
        near = 1.0 / distance[left, kept] ** 2
        guesses = {
            "fitted": np.einsum("s,tsc->tc", bell, made.coefficients),
            "distance": np.einsum("s,tsc->tc", near / near.sum(), wind[:, kept]),
        }
        for name, guess in guesses.items():
            off[name] += float(((guess - wind[:, left]) ** 2).sum())
    assert off["fitted"] < 0.9 * off["distance"]


def test_many_points_are_read_as_few_and_all_moments_as_one():
    library = valley_library()
    random = np.random.default_rng(2)
    unknowns = np.stack(
        [4.0 * np.cos([0.1, 0.9, 2.0]), 4.0 * np.sin([0.1, 0.9, 2.0]), [0.5] * 3, [0.3] * 3], axis=1
    )
    _, wind = truth(library, unknowns, 0.004, MASTS)
    fitted = fit_stations(stations(wind, 0.004), library)
    assert isinstance(fitted, TimedWind)
    x, y = random.uniform(-1800.0, 1800.0, (2, 25_000))
    z, time = random.uniform(0.5, 400.0, 25_000), NOW + 47_000
    many = fitted.at(x, y, time, z)
    few = fitted.at(x[:100], y[:100], time, z[:100])
    np.testing.assert_allclose([row[:100] for row in many], few, atol=1e-5)
    times = NOW + random.uniform(-1e4, 2e5, 300)
    mixed = fitted.at_times(x[:300], y[:300], times, z[:300])
    alone = [fitted.at(x[k : k + 1], y[k : k + 1], times[k], z[k : k + 1]) for k in range(300)]
    np.testing.assert_allclose(np.array(mixed).T, np.array(alone)[:, :, 0], atol=1e-9)
    grid = fitted.at(x[:6, None], y[None, :5], NOW, np.array(10.0))
    assert grid[0].shape == (6, 5)
    layers = fitted.air_at(times)
    assert np.shape(layers.inverse_obukhov_1_m) in {(), times.shape}


def test_the_upward_wind_follows_the_ground_and_closes_continuity():
    library = valley_library()
    _, wind = truth(library, np.array([[0.0, 4.0, 0.3, -0.2]] * 2), 0.0, MASTS)
    fitted = fit_stations(stations(wind), library)
    column, u, v = fitted.on_grid(NOW)
    faces = closed(to_faces(u, 2), to_faces(v, 1), column)
    assert relative_divergence(faces, column) < 1e-8
    assert not faces.omega[0].any()
    north, east = np.gradient(column.ground_m, column.step_m)
    j, i = 30, 25
    x, y = (np.array([corner + 50.0 * n]) for corner, n in ((-1475.0, i), (-1175.0, j)))
    low = np.array([0.7])
    along = fitted.at(x, y, NOW, low)
    expected = float(along[0][0]) * east[j, i] + float(along[1][0]) * north[j, i]
    assert abs(expected) > 0.02
    assert float(fitted.vertical(x, y, NOW, low)[0]) == pytest.approx(expected, rel=0.3)
    flat = fit_stations(stations(np.full((2, 5, 2), 3.0)), flat_library())
    assert np.abs(flat.vertical(x, y, NOW, np.array([5.0, 50.0]))).max() < 1e-3


@pytest.mark.parametrize(("from_deg", "side"), [(270.0, (1, 0)), (0.0, (0, -1))])
def test_puffs_ride_on_it_to_the_side_the_wind_blows_to(from_deg: float, side: tuple[float, float]):
    site = site_of(np.full(COUNT, 100.0))
    rows = [
        sample(f"W{k}", x, y, 3.0, from_deg, NOW + 60_000 * n)
        for k, (x, y) in enumerate(MASTS)
        for n in range(11)
    ]
    window = Interval(start_ms=NOW, end_ms=NOW + 300_000)
    release = Release(
        id="R",
        substance_id="hf",
        place=Place(x_m=0.0, y_m=0.0, z_m=102.0),
        height_m=2.0,
        rate_kg_s=1.0,
        interval=window,
        origin=Origin.SIMULATED,
    )
    plume = GaussianPuff().run(site, [release], fit_flow(rows, flat_library(), site), window)
    mass = plume.conc_kg_m3.sum(axis=0)
    x = plume.grid.x_min_m + (np.arange(plume.grid.nx) + 0.5) * plume.grid.dx_m
    y = plume.grid.y_min_m + (np.arange(plume.grid.ny) + 0.5) * plume.grid.dy_m
    centroid = np.array([(mass * x).sum(), (mass * y[:, None]).sum()]) / mass.sum()
    assert centroid @ np.array(side) > 150.0
    assert abs(centroid @ np.array(side[::-1])) < 20.0


def test_the_wind_is_continuous_when_the_direction_turns_through_the_sectors():
    library = valley_library()
    angle = np.linspace(0.0, 2.0 * math.pi, 181)
    unknowns = np.stack([3.0 * np.cos(angle), 3.0 * np.sin(angle), 0.0 * angle, 0.0 * angle], axis=1)
    places = np.array([[0.0, 0.0], [200.0, 500.0]])
    _, wind = truth(library, unknowns, 0.0, places)
    steps = [float(np.abs(b - a).max()) for a, b in pairwise(wind)]
    assert max(steps) < 0.35


def test_notes_name_what_is_thin():
    library, site = valley_library(), site_of(valley())
    rows = [sample("W1", 0.0, 0.0, 3.0, 270.0)]
    notes = fit_flow(rows, library, site).notes
    assert "few stations" in notes
    assert any("station_count 1" in row for row in notes)
    calm = [sample(f"W{k}", x, y, 0.1, math.nan) for k, (x, y) in enumerate(MASTS)]
    notes = fit_flow(calm, library, site).notes
    assert "calm" in notes
    assert any("wind_speed_m_s 0" in row for row in notes)
    good = [sample(f"W{k}", x, y, 4.0, 250.0) for k, (x, y) in enumerate(MASTS)]
    assert fit_flow(good, library, site).notes == ()


def test_a_calm_night_has_drainage_and_says_so():
    library, site = valley_library(), site_of(valley())
    midnight = 1_795_017_600_000
    rows = [
        sample(f"W{k}", x, y, 0.1, math.nan, midnight + 60_000 * n)
        for k, (x, y) in enumerate(MASTS[:2])
        for n in range(20)
    ]
    fitted = fit_flow(rows, library, site)
    assert fitted.air(midnight).inverse_obukhov_1_m > 0.0
    assert np.hypot(*at(fitted, 0.0, 0.0, midnight)) < 0.5  # the masts read nothing, and are believed
    assert "calm" in fitted.notes


def test_silent_stations_no_longer_count():
    library, site = valley_library(), site_of(valley())
    rows = [
        sample(f"W{k}", x, y, 4.0, 270.0, NOW + 60_000 * n)
        for k, (x, y) in enumerate(MASTS[:3])
        for n in range(61)
    ]
    dead = [sample("W9", *MASTS[3], 4.0, 90.0, NOW + 60_000 * n) for n in range(11)]
    fitted = fit_flow([*rows, *dead], library, site)
    without = fit_flow(rows, library, site)
    late = NOW + 3_600_000
    np.testing.assert_allclose(at(fitted, 900.0, -350.0, late), at(without, 900.0, -350.0, late), atol=0.05)
    assert at(fitted, 900.0, -350.0, NOW)[0] < 0.0
    assert fitted.inputs[:4] == field_from_samples([*rows, *dead], site).inputs


def test_without_a_usable_sample_it_refuses():
    with pytest.raises(SolverError, match="no usable wind"):
        fit_flow([sample("W1", 0.0, 0.0, math.nan, 10.0)], valley_library(), site_of(valley()))
