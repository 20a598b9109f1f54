"""The solver against analytic plumes, and what its parts promise."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from models.air.box import CELLS_MAX, LEVELS_MAX, SIDE_MAX
from models.air.growth import grow_sideways, grow_upwards, mean_height, transport_height
from models.air.plume import plume_air, steady_plume
from models.air.puff import GaussianPuff
from models.air.shape import level_share
from models.air.streak import Runs, cut
from models.air.tracks import Fineness, Sources, march
from models.air.wind import SteadyWind, field_from_samples, uniform_wind, wind_profile
from models.contract import Site, SurfaceLayer, flat_site
from twin.core.beam import point_receptor
from twin.core.clock import Interval
from twin.core.errors import SolverError
from twin.core.geometry import Extent, FloatArray, Place, frozen
from twin.core.origin import Origin
from twin.core.plume import PlumeGrid
from twin.core.release import Release
from twin.core.wind import WindSample

END_MS = 1_795_000_000_000
HOUR = Interval(start_ms=END_MS - 3_600_000, end_ms=END_MS)
PLAIN = Extent(x_min_m=-3000.0, y_min_m=-3000.0, x_max_m=3000.0, y_max_m=3000.0)
AIR = SurfaceLayer(
    friction_velocity_m_s=0.3, inverse_obukhov_1_m=0.0, sigma_v_m_s=0.55, mixing_height_m=math.inf
)


def release(
    height_m: float = 10.0, *, start_ms: int = HOUR.start_ms, rate: float = 0.01, x: float = 0.0
) -> Release:
    return Release(
        id="R",
        substance_id="hf",
        place=Place(x_m=x, y_m=0.0, z_m=height_m),
        height_m=height_m,
        rate_kg_s=rate,
        interval=Interval(start_ms=start_ms, end_ms=END_MS),
        origin=Origin.MODELLED,
    )


def spans(*rows: tuple[int, int, float, float]) -> Runs:
    """Spans of emission: source, cell, start and end in seconds of the hour."""
    source, cell, start, end = np.array(rows).T
    return Runs(
        source=source.astype(np.intp),
        cell=cell.astype(np.intp),
        start_ms=HOUR.start_ms + 1000.0 * start,
        end_ms=HOUR.start_ms + 1000.0 * end,
    )


def lone_puff(wind: SteadyWind, height_m: float, until_m: float) -> tuple[float, FloatArray, float]:
    """Lateral and vertical sigma and carrying wind of one puff, marched in steps of a quarter second."""
    x, age = 0.0, 0.0
    sigma_h, sigma_z, height = frozen([1.0]), frozen([1.0]), frozen([height_m])
    speed = 0.0
    while x < until_m:
        after = grow_upwards(sigma_z, frozen([age]), 0.25, height, AIR, wind.roughness_m)
        u, _ = wind.at(frozen([0.0]), frozen([0.0]), 0, transport_height(0.5 * (sigma_z + after), height))
        speed = float(u[0])
        middle = mean_height(0.5 * (sigma_z + after), height)
        sigma_h, sigma_z = grow_sideways(sigma_h, frozen([age]), 0.25, middle, AIR), after
        x, age = x + 0.25 * speed, age + 0.25
    return float(sigma_h[0]), sigma_z, speed


@pytest.mark.parametrize("distance", [150.0, 400.0, 1000.0, 2000.0])
def test_steady_centreline_is_the_plume_with_the_same_spreads(distance: float):
    wind = uniform_wind(3.0, 270.0, AIR)
    sigma_y, sigma_z, speed = lone_puff(wind, 10.0, distance)
    z = 4.0
    vertical = level_share(z, sigma_z, frozen([10.0]), wind.roughness_m, AIR.inverse_obukhov_1_m)
    plume = 0.01 / (math.sqrt(2.0 * math.pi) * speed * sigma_y) * float(vertical[0])
    receptor = point_receptor("P", Place(x_m=distance, y_m=0.0, z_m=z))
    matrix = GaussianPuff(step_s=5.0).beam_matrix(
        flat_site(PLAIN), [release()], wind, HOUR, [receptor], [END_MS]
    )
    # Puffs also spread along the wind; that is what is left of the difference.
    assert matrix[0, 0, 0] == pytest.approx(plume, rel=0.03)


@pytest.mark.parametrize("height", [0.5, 10.0])
def test_the_sum_of_puffs_goes_over_into_the_plume(height: float):
    # In a narrow plume nothing is left of the spread along the wind: the same closure gives the same numbers.
    air = replace(AIR, sigma_v_m_s=0.08, friction_velocity_m_s=0.2)
    wind = uniform_wind(6.0, 270.0, air)
    fine = Fineness(step_s=2.0, longest_s=2.0, growth=0.02, spacing=0.5)
    sources = Sources(
        x_m=frozen([0.0]),
        y_m=frozen([0.0]),
        height_m=frozen([height]),
        sigma_start_m=0.5,
        roughness_m=wind.roughness_m,
    )
    tracks = march(sources, wind, HOUR, PLAIN, fineness=fine)
    x = tracks.x_m[:, 0, 0]
    receptors = [point_receptor(str(d), Place(x_m=d, y_m=0.0, z_m=3.0)) for d in (200.0, 600.0, 1500.0)]
    solver = GaussianPuff(sigma_start_m=0.5, fineness=fine)
    found = solver.beam_matrix(flat_site(PLAIN), [release(height)], wind, HOUR, receptors, [END_MS])[0, :, 0]
    for value, distance in zip(found, (200.0, 600.0, 1500.0), strict=True):
        sigma_y, sigma_z, age = (
            CubicSpline(x, row)(distance)
            for row in (
                np.exp(tracks.log_sigma_h[:, 0, 0]),
                np.exp(tracks.log_sigma_z[:, 0, 0]),
                tracks.ages_s,
            )
        )
        speed = 1.0 / float(CubicSpline(x, tracks.ages_s)(distance, 1))
        share = level_share(3.0, np.array([sigma_z]), frozen([height]), wind.roughness_m, 0.0)
        plume = 0.01 / (math.sqrt(2.0 * math.pi) * speed * float(sigma_y)) * float(share[0])
        assert age > 0.0
        assert value == pytest.approx(plume, rel=1e-3)


def test_flux_through_a_plane_is_the_rate():
    # Integral of u * c over a plane across the wind. Puffs spread along the wind as much as across it; while
    # sigma^2 rises faster than linearly that moves 1 % of the mass forward.
    class Uniform:
        origin, inputs, notes = Origin.MODELLED, ("u",), ()

        def at(self, x, y, time_ms, height):
            zero = np.zeros(np.broadcast_shapes(np.shape(x), np.shape(height)))
            return zero + 3.0, zero

        def air(self, time_ms):
            return AIR

    grid = PlumeGrid(x_min_m=600.0, y_min_m=-800.0, dx_m=100.0, dy_m=10.0, dz_m=10.0, nx=1, ny=160, nz=40)
    plume = GaussianPuff().run(flat_site(PLAIN), [release()], Uniform(), HOUR, grid=grid)
    assert plume.conc_kg_m3.sum() * 10.0 * 10.0 * 3.0 == pytest.approx(0.01, rel=0.015)


def test_steps_of_thirty_seconds_are_fine_enough_beyond_the_first_hundred_metres():
    wind = uniform_wind(4.0, 250.0, AIR)
    site, rows = flat_site(PLAIN), [release()]
    direction = np.array([math.sin(math.radians(70.0)), math.cos(math.radians(70.0))])
    receptors = [
        point_receptor(str(d), Place(x_m=d * direction[0], y_m=d * direction[1], z_m=2.0))
        for d in (200, 500, 1500)
    ]
    coarse = GaussianPuff().beam_matrix(site, rows, wind, HOUR, receptors, [END_MS])[0, :, 0]
    fine = GaussianPuff(step_s=2.0).beam_matrix(site, rows, wind, HOUR, receptors, [END_MS])[0, :, 0]
    assert coarse == pytest.approx(fine, rel=0.12)
    assert coarse[2] == pytest.approx(fine[2], rel=0.02)


def test_a_plume_of_kilometres_takes_few_puffs_and_keeps_its_mass():
    sources = Sources(
        x_m=frozen([0.0, 100.0]), y_m=frozen([0.0, 50.0]), height_m=frozen([5.0, 20.0]), sigma_start_m=1.0
    )
    wide = Extent(x_min_m=-20_000.0, y_min_m=-20_000.0, x_max_m=20_000.0, y_max_m=20_000.0)
    tracks = march(sources, uniform_wind(3.0, 270.0, AIR), HOUR, wide, fineness=Fineness())
    runs = spans((0, 0, 0.0, 3600.0), (1, 1, 0.0, 3600.0))
    puffs = cut(tracks, runs, sources, frozen([END_MS])).puffs
    assert 60 < puffs.x_m.size < 250
    assert np.bincount(puffs.cell, weights=puffs.emission_s) == pytest.approx([3600.0, 3600.0])
    for cell, y in ((0, 0.0), (1, 50.0)):
        mine = puffs.cell == cell
        assert puffs.y_m[mine] == pytest.approx(y, abs=1e-9)
        x = np.sort(puffs.x_m[mine])
        sigma = puffs.sigma_h_m[mine][np.argsort(puffs.x_m[mine])]
        assert (np.diff(x) < 1.6 * sigma[1:]).all()


def test_pauses_in_emission_leave_gaps():
    sources = Sources(x_m=frozen([0.0]), y_m=frozen([0.0]), height_m=frozen([5.0]), sigma_start_m=1.0)
    wide = Extent(x_min_m=-9e3, y_min_m=-9e3, x_max_m=9e3, y_max_m=9e3)
    tracks = march(sources, uniform_wind(1.0, 270.0, AIR), HOUR, wide, fineness=Fineness())
    runs = spans((0, 0, 600.0, 1200.0), (0, 1, 3000.0, 3300.0))
    puffs = cut(tracks, runs, sources, frozen([END_MS])).puffs
    assert np.bincount(puffs.cell, weights=puffs.emission_s) == pytest.approx([600.0, 300.0])
    assert puffs.x_m[puffs.cell == 1].max() < puffs.x_m[puffs.cell == 0].min()


def test_the_plume_turns_with_the_wind():
    rows = [
        WindSample(
            sensor_id="W",
            place=Place(x_m=0.0, y_m=0.0, z_m=10.0),
            height_m=10.0,
            time_ms=HOUR.start_ms + 60_000 * k,
            wind_speed_m_s=2.0,
            wind_from_deg=270.0 if k < 50 else 180.0,
            air_temperature_k=None,
            origin=Origin.MEASURED,
        )
        for k in range(61)
    ]
    site = flat_site(PLAIN)
    plume = GaussianPuff().run(site, [release()], field_from_samples(rows, site, average_s=60.0), HOUR)
    column = plume.conc_kg_m3.sum(axis=0)
    x = plume.grid.x_min_m + (np.arange(plume.grid.nx) + 0.5) * plume.grid.dx_m
    y = plume.grid.y_min_m + (np.arange(plume.grid.ny) + 0.5) * plume.grid.dy_m
    young = column[np.ix_((y > 200) & (y < 800), abs(x) < 150)].sum()
    old = column[np.ix_(y > 800, x > 600)].sum()
    east = column[np.ix_(abs(y) < 100, x > 1000)].sum()
    assert young > 0.0
    assert old > 0.0
    assert east < 1e-3 * (young + old)


def test_the_plume_climbs_with_the_ground():
    y, x = np.mgrid[0:61, 0:61] * 100.0 - 3000.0
    slope = Site(extent=PLAIN, ground_heights_m=0.1 * (x + 3000.0), x0_m=-3000.0, y0_m=-3000.0, step_m=100.0)
    wind, flat = uniform_wind(3.0, 270.0, AIR), flat_site(PLAIN)
    on_slope = point_receptor("S", Place(x_m=800.0, y_m=0.0, z_m=0.1 * 3800.0 + 3.0))
    on_plain = point_receptor("P", Place(x_m=800.0, y_m=0.0, z_m=3.0))
    one = GaussianPuff().beam_matrix(slope, [release()], wind, HOUR, [on_slope], [END_MS])
    two = GaussianPuff().beam_matrix(flat, [release()], wind, HOUR, [on_plain], [END_MS])
    assert one == pytest.approx(two, rel=1e-9)


def test_the_box_holds_the_cloud_and_keeps_its_limits():
    for speed, rate in ((0.5, 0.05), (3.0, 0.01), (12.0, 1.0)):
        plume = GaussianPuff().run(
            flat_site(PLAIN), [release(rate=rate)], uniform_wind(speed, 305.0, AIR), HOUR
        )
        grid = plume.grid
        assert grid.nx * grid.ny <= CELLS_MAX
        assert max(grid.nx, grid.ny) <= SIDE_MAX
        assert grid.nz <= LEVELS_MAX
        assert grid.x_min_m % (4 * grid.dx_m) == pytest.approx(0.0, abs=1e-6)
        assert grid.x_min_m <= 0.0 <= grid.x_min_m + grid.nx * grid.dx_m
        edge = np.concatenate([plume.conc_kg_m3[:, 0].ravel(), plume.conc_kg_m3[:, :, 0].ravel()])
        assert edge.max() < 3e-3 * plume.conc_kg_m3.max()


def test_a_release_of_nothing_gives_a_box_of_zeros():
    plume = GaussianPuff().run(flat_site(PLAIN), [release(rate=0.0)], uniform_wind(3.0, 270.0, AIR), HOUR)
    assert plume.conc_kg_m3.max() == 0.0
    assert plume.conc_kg_m3.size > 0


def test_profile_is_the_one_of_the_surface_layer():
    wind = uniform_wind(5.0, 270.0, AIR, height_m=10.0, roughness_m=0.1)
    u, _ = wind.at(frozen([0.0]), frozen([0.0]), 0, frozen([2.0]))
    assert u[0] == pytest.approx(5.0 * float(wind_profile(2.0, 0.1, 0.0) / wind_profile(10.0, 0.1, 0.0)))


@pytest.mark.parametrize("inverse", [-0.02, 0.0, 0.02])
def test_puffs_and_steady_plume_of_a_low_source_say_the_same(inverse: float):
    # Two closures: two Gaussians that grow with time, Huang's profile that grows with distance.
    air = plume_air(wind_speed_m_s=4.0, roughness_m=0.03, inverse_obukhov_1_m=inverse)
    wind = uniform_wind(4.0, 270.0, air.layer, height_m=10.0, roughness_m=0.03)
    x = np.array([50.0, 100.0, 200.0, 400.0, 800.0])
    receptors = [point_receptor(str(d), Place(x_m=d, y_m=0.0, z_m=1.5)) for d in x.tolist()]
    site = flat_site(PLAIN, roughness_m=0.03)
    solver = GaussianPuff(sigma_start_m=0.1)
    puffs = solver.beam_matrix(site, [release(0.5)], wind, HOUR, receptors, [END_MS])[0, :, 0]
    plume = steady_plume(air, rate_kg_s=0.01, height_m=0.5, reach_m=1000.0)
    assert puffs == pytest.approx(plume.conc_kg_m3(x, 0.0, 1.5), rel=0.08)


def test_a_release_above_the_lid_is_refused_and_receptors_above_it_read_nothing():
    wind = uniform_wind(4.0, 270.0, replace(AIR, mixing_height_m=150.0))
    site = flat_site(PLAIN)
    receptors = [point_receptor(str(z), Place(x_m=2500.0, y_m=0.0, z_m=z)) for z in (20.0, 151.0, 400.0)]
    with pytest.raises(SolverError, match="mixing_height_m 150") as caught:
        GaussianPuff().beam_matrix(site, [release(187.0)], wind, HOUR, receptors, [END_MS])
    assert caught.value.field == "mixing_height_m"
    assert "mixing_height_m" in caught.value.message_zh
    matrix = GaussianPuff().beam_matrix(site, [release(50.0)], wind, HOUR, receptors, [END_MS])
    assert matrix[0, 0, 0] > 0.0
    assert matrix[0, 1:, 0].tolist() == [0.0, 0.0]
    plume = GaussianPuff().run(site, [release(50.0)], wind, HOUR, receptors=receptors)
    assert any("151.0, 400.0" in note and "mixing_height_m 150" in note for note in plume.notes)
